import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import type { Provider } from './library.ts';
import { type ErrorContext, renderError } from './people.ts';

interface FaultContext extends ErrorContext {
  readonly req: ErrorContext['req'] & object;
  status: number;
  readonly headerSent: boolean;
  accepts(...types: readonly string[]): string | false;
  remove(name: string): void;
}

export interface FaultPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'origin'>;
  readonly told: (request: object, told: ToldOfCall) => void;
}

const FAULT = { error: 'server_error' } as const;

/**
 * Whatever is thrown at the protocol and expected by nobody ends here: whoever asked is told so and no more, and whoever
 * keeps this server by one line, as `server_error`. The library would write a trace, and answer in its own words.
 */
export function catchFaults(provider: Provider, { snapshot, told }: FaultPorts): void {
  const tell = (error: unknown, ctx: unknown) =>
    void provider.emit('server_error', ctx as never, error as never);
  provider.use((given, next) =>
    next().catch((error: unknown) => {
      const ctx = given as object as FaultContext;
      tell(error, ctx);
      told(ctx.req, { client: null, subject: null, ...FAULT });
      return ctx.headerSent ? undefined : answerFault(ctx, snapshot);
    }),
  );
  // What goes wrong when the answer is written. That a caller went away is no fault.
  provider.on(
    'error' as 'server_error',
    ((error: Partial<NodeJS.ErrnoException>, ctx: unknown) => {
      if (error.syscall === undefined) tell(error, ctx);
    }) as never,
  );
}

async function answerFault(ctx: FaultContext, snapshot: FaultPorts['snapshot']): Promise<void> {
  ctx.status = 500;
  ctx.remove('location');
  if (ctx.accepts('json', 'html') === 'html') return renderError(ctx, FAULT, snapshot);
  ctx.body = FAULT;
}
