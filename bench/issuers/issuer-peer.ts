import type { Program, World } from '../world.ts';

/** A client that shows a secret and asks for itself; what every authorization server knows. */
export const CLIENT = { id: 'bench', secret: 'a-secret-of-the-benchmark-0123456789' };

export interface StartedIssuer {
  readonly program: Program;
  readonly origin: string;
  readonly tokenPath: string;
  readonly introspectionPath: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Besides `grant_type`. */
  readonly asks: Readonly<Record<string, string>>;
}

/** An authorization server that gives JWT access tokens, signed with ES256. */
export interface IssuerPeer {
  readonly name: string;
  /** The reason why it cannot run on this machine, when it cannot. */
  unavailable(): string | undefined;
  version(): string;
  start(world: World, folder: string): Promise<StartedIssuer>;
}
