import type { TokenEndpointGrantContext } from 'oidc-provider';
import { Provider } from '../library.ts';

type GiveToken = (ctx: object) => Promise<void>;

const steps = new WeakMap<object, GiveToken>();

/**
 * The library checks proofs, certificates, APIs and details in steps that it hands to its own grants alone. A grant of
 * ours has them through the one that gives a client a token.
 */
export class ExchangingProvider extends Provider {
  /** The library registers its own grants while it is made: before any member of ours exists. */
  override registerGrantType<Params extends object>(
    name: string,
    handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
    ...more: (string | readonly string[] | ReadonlySet<string> | undefined)[]
  ): void {
    if (name === 'client_credentials') steps.set(this, handler as unknown as GiveToken);
    super.registerGrantType(name, handler, ...more);
  }

  /** To the client of this call, for what stands in its parameters. */
  async giveToken(ctx: object): Promise<void> {
    const give = steps.get(this);
    if (give === undefined) throw new Error('the library has no grant of client credentials');
    await give(ctx);
  }
}
