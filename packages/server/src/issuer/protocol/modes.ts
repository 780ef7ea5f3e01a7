import { RESPONSE_MODES } from './client-metadata.ts';
import type { Provider } from './library.ts';

interface RefusedContext {
  readonly method: string;
  readonly query: Record<string, unknown>;
  readonly oidc?: {
    readonly params?: Record<string, unknown>;
    readonly body?: Record<string, unknown>;
    readonly client?: { readonly responseModes?: readonly string[] };
  };
}

/**
 * What an application asked wrongly is told to it in a way that we offer, see RESPONSE_MODES. The library would take whichever
 * was named: a fragment, or a page that sends itself by a script within it. JARM §2.3, RFC 6749 §4.1.2.1.
 */
export function refuseInOfferedModes(provider: Provider): void {
  // What goes wrong beside a call has no context.
  const mend = ({ oidc, method, query }: Partial<RefusedContext> = {}) => {
    const params = oidc?.params ?? (method === 'POST' ? oidc?.body : query);
    const named = params?.['response_mode'];
    if (params === undefined || typeof named !== 'string') return;
    if (RESPONSE_MODES.includes(named)) return;
    const signsAll = oidc?.client?.responseModes?.includes('query') === false;
    params['response_mode'] = signsAll || named.endsWith('.jwt') ? 'query.jwt' : undefined;
  };
  // Told before the library looks for the way back.
  provider.on('authorization.error', mend as never);
  provider.on('server_error', mend as never);
}
