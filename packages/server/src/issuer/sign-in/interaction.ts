import type { IssuerCodeName } from '../../messages/issuer-codes.ts';
import type { IncomingMessage } from '../../platform/http/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import { languageOf, words } from '../pages/words.ts';
import type { Provider } from '../protocol/library.ts';

/** What a person is asked, in the course of one request of an application. */
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
  uid = call.decision.pathValues[0],
): Promise<Interaction | null> {
  try {
    const found = await provider.interactionDetails(request, response);
    return found.uid === uid ? (found as unknown as Interaction) : null;
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

/** To the script of a page, which shows it. */
export function say(
  asked: PageCall,
  status: number,
  what: 'failed' | 'linkOver' | 'over',
  error: IssuerCodeName,
  interaction?: Interaction,
): ToldOfCall {
  sendJson(asked, status, { said: words[languageFor(asked.request, interaction)][what] });
  return { ...NOBODY, error };
}
