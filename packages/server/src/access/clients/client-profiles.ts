import { isLoopback } from '../../platform/addresses/index.ts';
import type {
  ClientAuthentication,
  ClientProfile,
  ClientTerms,
  ClientWeakness,
  TokenBinding,
} from './client-terms.ts';

type Method = ClientAuthentication['method'];

/** What a profile asks for. What is in neither list is refused, whatever is accepted. */
interface Profile {
  readonly methods: readonly Method[];
  readonly bindings: readonly TokenBinding[];
  /** Does a person take part, who is sent back to it? */
  readonly redirects: 'https' | 'claimed' | 'none';
  /** Allowed where it is accepted by name. */
  readonly weaker: readonly ClientWeakness[];
}

/**
 * browser: pages whose server keeps the tokens (backend for frontend). native: a program on somebody's own
 * device, which can keep no secret. machine: acts for itself. fapi2: FAPI 2.0 Security Profile, as banks and
 * those who call them need it: nothing about it can be weaker.
 */
const PROFILES: Readonly<Record<ClientProfile, Profile>> = {
  browser: {
    methods: ['private_key_jwt', 'certificate', 'self_signed_certificate', 'secret'],
    bindings: ['dpop', 'certificate', 'none'],
    redirects: 'https',
    weaker: ['no-pkce'],
  },
  native: {
    methods: ['none'],
    bindings: ['dpop', 'none'],
    redirects: 'claimed',
    weaker: ['custom-scheme'],
  },
  machine: {
    methods: ['private_key_jwt', 'certificate', 'self_signed_certificate'],
    bindings: ['dpop', 'certificate'],
    redirects: 'none',
    weaker: ['shared-secret', 'unbound-tokens'],
  },
  fapi2: {
    methods: ['private_key_jwt', 'certificate', 'self_signed_certificate'],
    bindings: ['dpop', 'certificate'],
    redirects: 'https',
    weaker: [],
  },
};

export interface ClientJudgement {
  /** Sentences: what cannot be, each beginning with the member that it is about. */
  readonly faults: readonly string[];
  /** Weaker than its profile, and not accepted. */
  readonly unaccepted: readonly ClientWeakness[];
}

/** Whether these terms are those of a client of their profile. */
export function judgeClient(terms: ClientTerms): ClientJudgement {
  const profile = PROFILES[terms.profile];
  const faults: string[] = [];
  const weaker = new Set<ClientWeakness>();
  const { method } = terms.authentication;
  const isKeptByGate = terms.flows.includes('session');
  if (isKeptByGate) faults.push(...sessionFaults(terms));
  else if (terms.page !== null) faults.push('page: is for the flow session');
  if (!isKeptByGate && !profile.methods.includes(method)) {
    if (method === 'secret' && profile.weaker.includes('shared-secret'))
      weaker.add('shared-secret');
    else faults.push(`authentication: ${method} is not for ${terms.profile}`);
  }
  if (!profile.bindings.includes(terms.binding)) {
    if (terms.binding === 'none' && profile.weaker.includes('unbound-tokens'))
      weaker.add('unbound-tokens');
    else faults.push(`binding: ${terms.binding} is not for ${terms.profile}`);
  }
  faults.push(...flowFaults(terms, profile));
  const hosts = new Set(terms.redirectUris.flatMap(httpsHost));
  if (hosts.size > 1) {
    faults.push(
      `redirectUris: are of ${hosts.size} hosts; a person has one name at each (OpenID Connect Core §8.1): make a client for each`,
    );
  }
  for (const uri of [...terms.redirectUris, ...terms.postLogoutRedirectUris]) {
    const found = redirectFault(uri, terms.profile);
    if (found === 'custom-scheme' && profile.weaker.includes('custom-scheme')) {
      weaker.add('custom-scheme');
    } else if (found !== null) {
      faults.push(`redirectUris: ${uri} ${found === 'custom-scheme' ? NOT_HTTPS : found}`);
    }
  }
  faults.push(...noticeFaults(terms));
  if (terms.messageSigning && terms.profile !== 'fapi2') {
    faults.push('messageSigning: is for fapi2');
  }
  faults.push(...idTokenFaults(terms));
  // Asked for by name alone. OAuth 2.1 §7.5.2: for those who show who they are.
  if (terms.accepts.includes('no-pkce') && profile.weaker.includes('no-pkce'))
    weaker.add('no-pkce');
  const unaccepted = [...weaker].filter((one) => !terms.accepts.includes(one));
  for (const one of terms.accepts) {
    if (!weaker.has(one)) faults.push(`accepts: nothing about it is ${one}`);
  }
  return { faults, unaccepted };
}

/** The gate keeps everything for it: there is nothing that it could show, and nobody else to be sent back to. */
function* sessionFaults(terms: ClientTerms): Generator<string> {
  const { profile, flows, authentication, binding, redirectUris, page } = terms;
  if (profile !== 'browser') yield `flows: session is for browser, not for ${profile}`;
  if (flows.length > 1) yield 'flows: session stands alone: make another client for the others';
  if (authentication.method !== 'none') {
    yield 'authentication: none, as nobody shows anything for a client with session';
  }
  if (binding !== 'none') yield 'binding: none, as no token leaves the gate for session';
  if (redirectUris.length > 0) {
    yield 'redirectUris: people are sent back to the gate; say where the page stands in page';
  }
  if (terms.accepts.includes('no-pkce')) yield 'accepts: no-pkce is not for session';
  const fault = page === null ? null : pageFault(page);
  if (fault !== null) yield `page: ${page} ${fault}`;
}

function pageFault(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.origin !== text) {
    return 'is no origin as browsers send it, such as https://app.example';
  }
  const isHere = url.protocol === 'http:' && isLoopback(url.hostname);
  return url.protocol === 'https:' || isHere ? null : NOT_HTTPS;
}

function* flowFaults(terms: ClientTerms, { redirects }: Profile): Generator<string> {
  const { flows, redirectUris, profile, binding } = terms;
  if (redirects === 'none') {
    if (flows.some((flow) => flow !== 'exchange')) {
      yield `flows: nobody says yes to ${profile}, which acts for itself or by exchange`;
    }
    if (redirectUris.length > 0) yield `redirectUris: nobody is sent back to ${profile}`;
    return;
  }
  if (!flows.some((flow) => flow !== 'exchange')) {
    yield 'flows: at least one of redirect, embedded, decoupled, device, session';
  }
  // Whoever shows nothing is anybody; and FAPI 2.0 knows of no such grant.
  if (flows.includes('exchange') && profile !== 'browser') {
    yield `flows: exchange is for machine and browser, not for ${profile}`;
  }
  const sendsBack = flows.includes('redirect') || flows.includes('embedded');
  if (sendsBack && redirectUris.length === 0) {
    yield 'redirectUris: at least one, where people are sent back';
  }
  // Whoever takes what a session is bound to by nothing takes the session.
  if (flows.includes('embedded') && binding === 'none') {
    yield 'flows: embedded needs tokens that are bound to a key or a certificate';
  }
  if (flows.includes('embedded') && terms.accepts.includes('no-pkce')) {
    yield 'flows: embedded needs PKCE, also where somebody is led to our pages';
  }
  // What is signed is good for a minute, and the person is asked for longer.
  if (flows.includes('embedded') && terms.messageSigning) {
    yield 'flows: embedded takes no signed requests: make another client for the application';
  }
  if (flows.includes('decoupled') && profile === 'native') {
    yield 'flows: decoupled is for clients that show who they are (CIBA Core §4)';
  }
  // A code that is typed somewhere else can be a stranger's: RFC 8628 §5.4.
  if (flows.includes('device') && profile === 'fapi2') {
    yield 'flows: device is not for fapi2: nobody sees which device asks';
  }
}

/** Where the client is told of something, by a request of ours. */
function* noticeFaults(terms: ClientTerms): Generator<string> {
  for (const member of ['logoutNoticeUri', 'decisionNoticeUri'] as const) {
    const uri = terms[member];
    if (uri === null) continue;
    const found = redirectFault(uri, 'browser');
    if (found !== null) yield `${member}: ${uri} ${found === 'custom-scheme' ? NOT_HTTPS : found}`;
  }
  if (terms.decisionNoticeUri !== null && !terms.flows.includes('decoupled')) {
    yield 'decisionNoticeUri: is for the flow decoupled';
  }
  if (terms.logoutNoticeUri !== null && terms.profile === 'machine') {
    yield 'logoutNoticeUri: nobody signs in to machine';
  }
}

function* idTokenFaults({ idTokenAlgorithm, profile }: ClientTerms): Generator<string> {
  if (idTokenAlgorithm === 'ES256') return;
  if (profile === 'fapi2') {
    yield 'idTokenAlgorithm: fapi2 knows PS256, ES256 and EdDSA alone (FAPI 2.0 §5.4)';
  }
  if (profile === 'machine') yield 'idTokenAlgorithm: nobody signs in to machine';
}

function httpsHost(uri: string): string[] {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  return url?.protocol === 'https:' ? [url.host] : [];
}

const NOT_HTTPS = 'is not https';
const URI_CHARS_MAX = 2_000;

/** RFC 8252, RFC 9700 §4.1: null: people can be sent there, and nobody else is. */
function redirectFault(text: string, profile: ClientProfile): string | null {
  if (text.length > URI_CHARS_MAX) return 'is too long';
  if (!URL.canParse(text)) return 'is no URL';
  const url = new URL(text);
  if (url.href !== text && url.href !== `${text}/`) {
    return `is not in its normal form, ${url.href}`;
  }
  if (url.hash !== '' || text.includes('#')) return 'has a fragment';
  if (url.username !== '' || url.password !== '') return 'has credentials';
  if (text.includes('*')) return 'has a wildcard; it is compared exactly';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:') return host === '' ? 'has no host' : null;
  if (url.protocol === 'http:') {
    // RFC 8252 §8.3: an address, because a name may be resolved elsewhere.
    if (profile === 'native' && isLoopback(host) && host !== 'localhost') return null;
    return profile === 'native' ? 'is neither https nor on 127.0.0.1 or [::1]' : NOT_HTTPS;
  }
  // RFC 8252 §7.1: a name of its own, turned around, so that two applications do not choose the same.
  return /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:$/.test(url.protocol)
    ? 'custom-scheme'
    : 'has a scheme that is no domain name of yours, turned around (com.example.app:)';
}
