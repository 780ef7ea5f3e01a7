import { parseJsonText } from '@poorter/openapi/json';

type Pair = readonly [name: string, value: string];

/** What a person typed, or their passkey signed, within an application. */
export interface Typed {
  readonly username?: string;
  readonly password?: string;
  readonly otp?: string;
  /** An assertion of WebAuthn, as JSON. */
  readonly passkey?: string;
  /** They have nothing of this at hand. */
  readonly recovery?: string;
}

/** What an application sends: draft-ietf-oauth-first-party-apps §5.1. */
export interface ChallengeForm {
  readonly authSession: string | undefined;
  readonly typed: Typed;
  /** By which the client shows who it is, anew each time. */
  readonly authentication: readonly Pair[];
  /** The authorization request. */
  readonly asked: readonly Pair[];
}

const AUTHENTICATION: ReadonlySet<string> = new Set([
  ...['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
]);
const TYPED: ReadonlySet<string> = new Set(['username', 'password', 'otp', 'passkey', 'recovery']);
/** RFC 8707 §2. */
const SEVERAL = 'resource';

/** A sentence: it has two meanings, or none here. */
export function readChallengeForm(form: URLSearchParams): ChallengeForm | string {
  const authentication: Pair[] = [];
  const asked: Pair[] = [];
  const typed: Record<string, string> = {};
  const seen = new Set<string>();
  let authSession: string | undefined;
  for (const [name, value] of form) {
    // RFC 6749 §3.1: without a value it counts as left out, twice it is refused.
    if (value === '') continue;
    if (seen.has(name) && name !== SEVERAL) return `${plain(name)} stands twice`;
    seen.add(name);
    if (name === 'auth_session') authSession = value;
    else if (TYPED.has(name)) typed[name] = value;
    else (AUTHENTICATION.has(name) ? authentication : asked).push([name, value]);
  }
  return { authSession, typed, authentication, asked };
}

/** What goes on with an earlier request is about that request. Null: it is. A sentence: it asks for something else. */
export function differenceFrom(
  kept: readonly Pair[],
  { asked }: Pick<ChallengeForm, 'asked'>,
): string | null {
  const other = asked.find(
    ([name, value]) => !kept.some(([one, before]) => one === name && before === value),
  );
  return other === undefined ? null : `${plain(other[0])} is not that of the first request`;
}

/** Who says that it asks; nobody has verified it yet. */
export function claimedClient(
  { authentication }: Pick<ChallengeForm, 'authentication'>,
  authorization: string | undefined,
): string {
  const shown = new Map(authentication);
  const named = shown.get('client_id');
  if (named !== undefined) return named;
  try {
    const [, basic] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? [];
    if (basic !== undefined) {
      const [user = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
      return decodeURIComponent(user);
    }
    const [, payload = ''] = (shown.get('client_assertion') ?? '').split('.');
    const claims = parseJsonText(Buffer.from(payload, 'base64url').toString('utf8'));
    return String((claims as { readonly sub?: unknown } | null)?.sub ?? '');
  } catch {
    return '';
  }
}

/** draft §5.2.2: what a description may hold. */
function plain(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? name : 'a parameter';
}
