import type { IncomingMessage } from '../../platform/http/index.ts';
import type { PageCall } from '../pages/page-call.ts';
import { languageOf } from '../pages/words.ts';
import type { Provider } from '../protocol/library.ts';

/** Somebody is on the way back to an application, as the library keeps it. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: { readonly name: string; readonly details: Readonly<Record<string, unknown>> };
  readonly params: Readonly<Record<string, unknown>>;
  readonly session?: { readonly accountId?: string };
  readonly grantId?: string;
}

/** Of this browser, at this address; null: it is over, or another's. */
export async function interactionOf(
  provider: Provider,
  { call, request, response }: PageCall,
): Promise<Interaction | null> {
  try {
    const found = await provider.interactionDetails(request, response);
    return found.uid === call.decision.pathValues[0] ? (found as unknown as Interaction) : null;
  } catch (error) {
    if ((error as { error?: unknown }).error === 'invalid_request') return null;
    throw error;
  }
}

/** OpenID Connect Core §3.1.2.1: what the application knows of the person goes before what the browser says. */
export function languageFor(request: IncomingMessage, { params }: Partial<Interaction> = {}) {
  const asked = params?.['ui_locales'];
  const locales = typeof asked === 'string' ? asked.replaceAll(' ', ',') : undefined;
  return languageOf(locales, request.headers['accept-language']);
}
