import type { Phase, ProblemCode } from '@poorter/engine';

/**
 * One table for every host: what is asked and what is decided, what a service answers and what leaves. Where a
 * host cannot carry a case, the case says why, and what that host says instead.
 */
export const HOSTS = ['http', 'websocket', 'forward-auth', 'middleware'] as const;
export type Host = (typeof HOSTS)[number];

/** In the order of a call. */
export const STAGES = [
  ...['admit', 'match', 'identify', 'limit', 'authorize'],
  ...['validate parameters', 'validate the body', 'validate an upgrade', 'permit', 'release'],
] as const;
export type Stage = string;

type Exceptions<Instead> = Readonly<
  Partial<Record<Host, { readonly why: string; readonly instead: Instead }>>
>;

export interface CallCase {
  readonly stage: Stage;
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** With the key of the shop: scope `read`, no role. */
  readonly key?: boolean;
  /** With a token of a person who signed in so, and so many seconds ago. */
  readonly token?: {
    readonly acr: string;
    readonly ago: number;
    /** The amount of a payment that its person has just approved. */
    readonly approved?: string;
  };
  /** With a token that only its issuer can read, which calls it good, or does not know it. */
  readonly opaqueToken?: 'good' | 'invented';
  readonly body?: string;
  /** It is the WebSocket host's handshake; proxies tell of it, too. */
  readonly isHandshake?: boolean;
  /** How often the same was asked before. */
  readonly before?: number;
  readonly expected: Verdict;
  /** Null where nothing held it up. */
  readonly phase: Phase | 'match' | 'own' | null;
  readonly except?: Exceptions<Verdict | 'its http host'>;
}

export type Verdict = 'allowed' | 'preflight' | ProblemCode;

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const tunnel = { 101: { description: 'a WebSocket' } };
const both = { ...ok, ...tunnel };
const thing = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, price: { type: 'number' } },
};
const answered = { 200: { description: 'ok', content: { 'application/json': { schema: thing } } } };
const answersBy = (response: string) => ({
  get: {
    security: [],
    'x-poorter': { response },
    responses: { ...answered, ...tunnel, 204: { description: '' } },
  },
  post: { security: [], 'x-poorter': { response }, responses: answered },
});

export const APP = 'https://app.example';
export const BODY_BYTES_MAX = 4_096;
export const ANSWER_BYTES_MAX = 131_072;
/** A wrong credential costs ten. */
export const FAILURES_MAX = 30;

export const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    },
  },
  security: [{ key: [] }],
  paths: {
    '/things': {
      get: {
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
        responses: both,
      },
      post: {
        requestBody: { required: true, content: { 'application/json': { schema: thing } } },
        responses: ok,
      },
    },
    '/things/{id}': {
      get: {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        responses: both,
      },
    },
    '/files': {
      post: {
        requestBody: { required: true, content: { 'application/octet-stream': {} } },
        responses: ok,
      },
    },
    '/open': { get: { security: [], responses: both } },
    '/plain': { get: { security: [], responses: ok } },
    '/feed': { get: { security: [], responses: both } },
    '/tellers': { get: { 'x-poorter': { authorize: { roles: ['teller'] } }, responses: both } },
    '/written': { get: { security: [{ key: ['write'] }], responses: both } },
    '/signed': {
      get: {
        security: [{ key: [] }, { token: [] }],
        'x-poorter': { stepUp: { acr: ['phr'], maxAgeSeconds: 300 } },
        responses: both,
      },
    },
    '/paid': {
      post: {
        security: [{ token: [] }],
        'x-poorter': { permit: { type: 'payment', match: { '/amount': '/amount' } } },
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        responses: ok,
      },
    },
    '/told': { get: { security: [{ token: [] }], responses: both } },
    '/read': { get: { security: [{ key: ['read'] }], responses: both } },
    '/near': { get: { 'x-poorter': { network: { allow: ['192.0.2.0/24'] } }, responses: both } },
    '/seldom': {
      get: {
        security: [],
        'x-poorter': { limit: { requests: 1, per: 'hour', by: 'address' } },
        responses: both,
      },
    },
    '/pages': { get: { security: [], 'x-poorter': { cors: { origins: [APP] } }, responses: both } },
    '/report': answersBy('report'),
    '/redact': answersBy('redact'),
    '/block': answersBy('block'),
  },
};

const HANDSHAKE = {
  why: 'a handshake is a GET without a body',
  instead: 'upgrade_not_accepted',
} as const;
const WITH_BODY = {
  why: 'a handshake with a body is a plain call',
  instead: 'its http host',
} as const;
const UNSEEN = { why: 'it sees no bodies', instead: 'body_not_visible' } as const;
const AS_IT_CAME = {
  why: 'its proxy forwards the target as it came',
  instead: 'target_not_acceptable',
} as const;
const NO_ANSWER = {
  why: 'its proxy passes on no answer to a preflight',
  instead: 'method_not_allowed',
} as const;
const ASKS_NOBODY = { why: 'it asks no issuer about tokens', instead: 'token_opaque' } as const;
const NO_UPGRADE = {
  why: 'a call that is not upgraded asks for nothing',
  instead: 'allowed',
} as const;

const json = { 'content-type': 'application/json' };
const post = { stage: 'validate the body', method: 'POST', target: '/things', key: true } as const;
const withoutBodies = { websocket: WITH_BODY, 'forward-auth': UNSEEN } as const;
const asked = { origin: APP, 'access-control-request-method': 'GET' };

const paying = {
  ...{ stage: 'permit', method: 'POST', target: '/paid', headers: json, except: withoutBodies },
} as const;

export const CALLS: Readonly<Record<string, CallCase>> = {
  'a header that resembles another': {
    ...{ stage: 'admit', target: '/open', headers: { content_length: '1' } },
    ...{ expected: 'ambiguous_request', phase: 'admit' },
  },
  'an encoded slash': {
    ...{ stage: 'admit', target: '/things%2f1', key: true },
    ...{ expected: 'target_not_acceptable', phase: 'admit' },
  },
  'a NUL': {
    ...{ stage: 'admit', target: '/things%00', key: true },
    ...{ expected: 'target_not_acceptable', phase: 'admit' },
  },
  'a target that is written otherwise than its canonical form': {
    ...{ stage: 'admit', target: '/x/../things', key: true, expected: 'allowed', phase: null },
    except: { 'forward-auth': AS_IT_CAME },
  },
  'an address that may not': {
    ...{ stage: 'admit', target: '/near', key: true },
    ...{ expected: 'address_not_allowed', phase: 'admit' },
  },
  'an address that has failed too often': {
    ...{ stage: 'admit', target: '/things', headers: { 'x-key': 'poorter_wrong' }, before: 3 },
    ...{ expected: 'too_many_failures', phase: 'admit' },
  },

  'an unknown path': {
    ...{ stage: 'match', target: '/nowhere', key: true },
    ...{ expected: 'no_such_operation', phase: 'match' },
  },
  'an unknown method': {
    ...{ stage: 'match', method: 'DELETE', target: '/things', key: true },
    ...{ expected: 'method_not_allowed', phase: 'match', except: { websocket: HANDSHAKE } },
  },
  'HEAD of what answers GET': {
    ...{ stage: 'match', method: 'HEAD', target: '/things', key: true },
    ...{ expected: 'allowed', phase: null, except: { websocket: HANDSHAKE } },
  },
  'a page that may ask': {
    ...{ stage: 'match', method: 'OPTIONS', target: '/pages', headers: asked },
    ...{ expected: 'preflight', phase: 'own' },
    except: { websocket: HANDSHAKE, 'forward-auth': NO_ANSWER },
  },
  'a page that may not': {
    ...{ stage: 'match', method: 'OPTIONS', target: '/pages' },
    headers: { ...asked, origin: 'https://evil.example' },
    ...{ expected: 'origin_not_allowed', phase: 'match', except: { websocket: HANDSHAKE } },
  },

  'an allowed call': {
    ...{ stage: 'identify', target: '/things?page=1', key: true },
    ...{ expected: 'allowed', phase: null },
  },
  'an open operation': {
    ...{ stage: 'identify', target: '/open', expected: 'allowed', phase: null },
  },
  'an open operation with a key beside it': {
    ...{ stage: 'identify', target: '/open', key: true, expected: 'allowed', phase: null },
  },
  'no credential': {
    ...{ stage: 'identify', target: '/things' },
    ...{ expected: 'credentials_required', phase: 'identify' },
  },
  'a wrong credential': {
    ...{ stage: 'identify', target: '/things', headers: { 'x-key': 'poorter_wrong' } },
    ...{ expected: 'credentials_invalid', phase: 'identify' },
  },
  'a credential in a place of another scheme': {
    ...{ stage: 'identify', target: '/things?x-key=poorter_wrong' },
    ...{ expected: 'credentials_required', phase: 'identify' },
  },

  'an opaque token that its issuer calls good': {
    ...{ stage: 'identify', target: '/told', opaqueToken: 'good' },
    ...{ expected: 'allowed', phase: null, except: { middleware: ASKS_NOBODY } },
  },
  'an opaque token that its issuer does not know': {
    ...{ stage: 'identify', target: '/told', opaqueToken: 'invented' },
    ...{ expected: 'credentials_invalid', phase: 'identify', except: { middleware: ASKS_NOBODY } },
  },

  'the first call within a limit': {
    ...{ stage: 'limit', target: '/seldom', expected: 'allowed', phase: null },
  },
  'a call too many': {
    ...{ stage: 'limit', target: '/seldom', before: 1, expected: 'rate_limited', phase: 'limit' },
  },

  'a role that is missing': {
    ...{ stage: 'authorize', target: '/tellers', key: true },
    ...{ expected: 'role_required', phase: 'authorize' },
  },
  'a scope that is missing': {
    ...{ stage: 'authorize', target: '/written', key: true },
    ...{ expected: 'insufficient_scope', phase: 'authorize' },
  },
  'a scope that is there': {
    ...{ stage: 'authorize', target: '/read', key: true, expected: 'allowed', phase: null },
  },
  'somebody who signed in as is asked': {
    ...{ stage: 'authorize', target: '/signed', token: { acr: 'phr', ago: 60 } },
    ...{ expected: 'allowed', phase: null },
  },
  'the same, with a key that says nothing of that beside it': {
    ...{ stage: 'authorize', target: '/signed', token: { acr: 'phr', ago: 60 }, key: true },
    ...{ expected: 'allowed', phase: null },
  },
  'somebody who signed in more weakly': {
    ...{ stage: 'authorize', target: '/signed', token: { acr: 'pwd', ago: 60 } },
    ...{ expected: 'insufficient_user_authentication', phase: 'authorize' },
  },
  'somebody who signed in too long ago': {
    ...{ stage: 'authorize', target: '/signed', token: { acr: 'phr', ago: 600 } },
    ...{ expected: 'insufficient_user_authentication', phase: 'authorize' },
  },
  'a key where somebody must have signed in': {
    ...{ stage: 'authorize', target: '/signed', key: true },
    ...{ expected: 'insufficient_user_authentication', phase: 'authorize' },
  },

  'a payment that its person approved': {
    ...{ ...paying, token: { acr: 'phr', ago: 60, approved: '12.50' }, body: '{"amount":12.5}' },
    ...{ expected: 'allowed', phase: null },
  },
  'a payment of a cent more': {
    ...{ ...paying, token: { acr: 'phr', ago: 60, approved: '12.50' }, body: '{"amount":12.51}' },
    ...{ expected: 'insufficient_user_authentication', phase: 'permit' },
  },
  'a payment that nobody approved': {
    ...{ ...paying, token: { acr: 'phr', ago: 60 }, body: '{"amount":12.5}' },
    ...{ expected: 'insufficient_user_authentication', phase: 'permit' },
  },

  'a parameter of the wrong type': {
    ...{ stage: 'validate parameters', target: '/things?page=x', key: true },
    ...{ expected: 'request_invalid', phase: 'validate' },
  },
  'a part of a path that is of the wrong type': {
    ...{ stage: 'validate parameters', target: '/things/x', key: true },
    ...{ expected: 'request_invalid', phase: 'validate' },
  },
  'a parameter that is given twice': {
    ...{ stage: 'validate parameters', target: '/things?page=1&page=2', key: true },
    ...{ expected: 'request_invalid', phase: 'validate' },
  },

  'a body as described': {
    ...{ ...post, headers: json, body: '{"name":"a"}', expected: 'allowed', phase: null },
    except: withoutBodies,
  },
  'a body that differs': {
    ...{ ...post, headers: json, body: '{"name":7}' },
    ...{ expected: 'request_invalid', phase: 'validate', except: withoutBodies },
  },
  'a body that means two things': {
    ...{ ...post, headers: json, body: '{"name":"a","name":"b"}' },
    ...{ expected: 'request_invalid', phase: 'validate', except: withoutBodies },
  },
  'a body that is missing': {
    ...{ ...post, expected: 'request_invalid', phase: 'validate' },
    except: { ...withoutBodies, websocket: HANDSHAKE },
  },
  'a body of another media type': {
    ...{ ...post, headers: { 'content-type': 'text/plain' }, body: 'a' },
    ...{ expected: 'media_type_not_supported', phase: 'validate', except: withoutBodies },
  },
  'a body that is too large': {
    ...{ ...post, headers: json, body: JSON.stringify({ name: 'x'.repeat(BODY_BYTES_MAX) }) },
    ...{ expected: 'body_too_large', phase: 'validate', except: withoutBodies },
  },

  'a body of which only the type is described': {
    ...{ ...post, target: '/files', headers: { 'content-type': 'application/octet-stream' } },
    ...{ body: 'whatever', expected: 'allowed', phase: null, except: withoutBodies },
  },

  'an upgrade that is described': {
    ...{ stage: 'validate an upgrade', target: '/feed', isHandshake: true },
    ...{ expected: 'allowed', phase: null },
  },
  'an upgrade that nobody described': {
    ...{ stage: 'validate an upgrade', target: '/plain', isHandshake: true },
    ...{ expected: 'upgrade_not_accepted', phase: 'validate' },
    except: { http: NO_UPGRADE, middleware: NO_UPGRADE },
  },
};

export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** In pieces, so that its length is not told. */
  readonly isInPieces?: boolean;
  readonly trailers?: Readonly<Record<string, string>>;
}

export type Mode = 'report' | 'redact' | 'block';
export const MODES: readonly Mode[] = ['report', 'redact', 'block'];

export interface AnswerCase {
  readonly method?: string;
  readonly said: Said;
  /** By mode: as it came, or what it became. */
  readonly leaves: Readonly<Record<Mode, 'as it came' | 'withheld' | { readonly cut: string }>>;
  /** What the record says was found; null: nothing. */
  readonly found: 'violations' | 'undocumented' | 'unchecked' | null;
  readonly except?: Exceptions<ProblemCode>;
}

const always = { report: 'as it came', redact: 'as it came', block: 'as it came' } as const;
const onlyReported = { report: 'as it came', redact: 'withheld', block: 'withheld' } as const;
const good = '{"name":"a"}';
const leaky = '{ "name":"a", "iban":"NL91ABNA0417164300" }';
const handshakesAreGets = { websocket: HANDSHAKE } as const;

/** Forward-auth carries none of them: it sees no answers. */
export const NO_ANSWERS = 'it sees no answers';

export const ANSWERS: Readonly<Record<string, AnswerCase>> = {
  'as described': { said: { body: good }, leaves: always, found: null },
  'as described, in pieces': {
    ...{ said: { body: good, isInPieces: true }, leaves: always, found: null },
  },
  'a member that nobody described': {
    said: { body: leaky },
    leaves: { report: 'as it came', redact: { cut: '{ "name":"a" }' }, block: 'withheld' },
    found: 'undocumented',
  },
  'a member that nobody described, in pieces': {
    said: { body: leaky, isInPieces: true },
    leaves: { report: 'as it came', redact: { cut: '{ "name":"a" }' }, block: 'withheld' },
    found: 'undocumented',
  },
  'a member of another type': {
    said: { body: '{"name":7}' },
    leaves: { report: 'as it came', redact: 'as it came', block: 'withheld' },
    found: 'violations',
  },
  'broken JSON': { said: { body: '{"name":"a",}' }, leaves: onlyReported, found: 'violations' },
  'JSON that means two things': {
    ...{ said: { body: '{"name":"a","name":"b"}' }, leaves: onlyReported, found: 'violations' },
  },
  'nothing where something is described': {
    said: { body: '' },
    leaves: { report: 'as it came', redact: 'as it came', block: 'withheld' },
    found: 'violations',
  },
  'a status that nobody described': {
    ...{ said: { status: 500, body: good }, leaves: onlyReported, found: 'undocumented' },
  },
  'a media type that nobody described': {
    said: { headers: { 'content-type': 'text/html' }, body: '<p>' },
    ...{ leaves: onlyReported, found: 'undocumented' },
  },
  'an encoding that cannot be read': {
    said: { headers: { 'content-encoding': 'br' }, body: 'x' },
    ...{ leaves: onlyReported, found: 'undocumented' },
  },
  'too large, and says so': {
    said: { body: JSON.stringify({ name: 'x'.repeat(ANSWER_BYTES_MAX) }) },
    ...{ leaves: onlyReported, found: 'unchecked' },
  },
  'too large, and does not say so': {
    said: { body: JSON.stringify({ name: 'x'.repeat(ANSWER_BYTES_MAX) }), isInPieces: true },
    ...{ leaves: onlyReported, found: 'unchecked' },
  },
  'no content': { said: { status: 204, body: '' }, leaves: always, found: null },
  'not modified': { said: { status: 304, body: '' }, leaves: always, found: null },
  'with trailers': {
    said: { body: good, isInPieces: true, trailers: { 'x-sum': '7' } },
    ...{ leaves: always, found: null },
  },
  'to HEAD': {
    ...{ method: 'HEAD', said: { body: leaky }, leaves: always, found: null },
    except: handshakesAreGets,
  },
  'to HEAD, with a status that nobody described': {
    ...{ method: 'HEAD', said: { status: 500, body: leaky }, leaves: onlyReported },
    ...{ found: 'undocumented', except: handshakesAreGets },
  },
  'to a POST, which may have taken effect': {
    ...{ method: 'POST', said: { status: 500, body: good }, leaves: onlyReported },
    ...{ found: 'undocumented', except: handshakesAreGets },
  },
};

/** Stages by hosts, for docs/ARCHITECTURE.md: how many of the cases each carries, and why not all. */
export function hostMatrix(): string {
  const calls = Object.values(CALLS).map(({ stage, except = {} }) => ({ stage, except }));
  const answers = Object.values(ANSWERS).map(({ except = {} }) => ({
    stage: 'release',
    except: { ...except, 'forward-auth': { why: NO_ANSWERS } },
  }));
  type Counted = { stage: Stage; except: Partial<Record<Host, { readonly why: string }>> };
  const cases: readonly Counted[] = [...calls, ...answers];
  const rows = STAGES.map((stage) => {
    const all = cases.filter((one) => one.stage === stage);
    const cells = HOSTS.map((host) => {
      const reasons = all.flatMap(({ except }) => except[host]?.why ?? []);
      const carried = all.length - reasons.length;
      const why = [...new Set(reasons)].join('; ');
      if (reasons.length === 0) return `${carried}`;
      return carried === 0 ? `none: ${why}` : `${carried} of ${all.length}: ${why}`;
    });
    return `| ${stage} | ${cells.join(' | ')} |`;
  });
  return [`| | ${HOSTS.join(' | ')} |`, `|---${'|---'.repeat(HOSTS.length)}|`, ...rows].join('\n');
}
