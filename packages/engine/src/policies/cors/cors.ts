import type { HeaderFields } from '@poorter/openapi';
import { listMembers } from '@poorter/openapi/checks';
import type { RequestFacts } from '../../facts.ts';
import type { CorsConfig } from './cors-config.ts';

/** Names as they are on the wire, in lower case. */
export interface CorsNames {
  /** Of documented header parameters and of credentials. */
  readonly request: readonly string[];
  /** Of documented answer headers. */
  readonly answer: readonly string[];
}

export interface CorsPolicy {
  isAdmitted(origin: string): boolean;
  /** For every answer, problems included: name, value, … */
  answerFields(origin: string | undefined): readonly string[];
  preflightFields(origin: string, methods: readonly string[]): readonly string[];
}

/** What the gate itself says in answers, and pages need to act on. */
const OWN_ANSWER_FIELDS = [
  ...[
    'allow',
    'location',
    'poorter-call',
    'ratelimit',
    'ratelimit-policy',
    'retry-after',
    'www-authenticate',
  ],
];

/** Nobody may set or read these through a page (Fetch: forbidden names). */
const FORBIDDEN =
  /^(?:set-cookie2?|cookie2?|host|origin|connection|content-length|sec-.*|proxy-.*)$/;

const NO_NAMES: CorsNames = { request: [], answer: [] };

/** null: the gate says nothing about origins, and what the service says passes. */
export function compileCors(
  config: CorsConfig | undefined,
  names: CorsNames = NO_NAMES,
): CorsPolicy | null {
  if (config === undefined || config === 'off') return null;
  const { origins, credentials, maxAgeSeconds } = config;
  const admitted = origins === '*' ? null : new Set(origins);
  const allowed = fieldList([...names.request, ...config.headers]);
  const exposed = fieldList([...OWN_ANSWER_FIELDS, ...names.answer, ...config.expose]);
  const isAdmitted = (origin: string) => admitted === null || admitted.has(origin);

  /** Access-Control-Allow-Origin and -Credentials; empty for pages that are not admitted. */
  const permission = (origin: string | undefined): string[] => {
    if (admitted === null) return ['access-control-allow-origin', '*'];
    if (origin === undefined || !admitted.has(origin)) return [];
    const fields = ['access-control-allow-origin', origin];
    // Any page can make itself a frame of the origin null: its visitors' credentials stay out of it.
    if (credentials && origin !== 'null') fields.push('access-control-allow-credentials', 'true');
    return fields;
  };

  return {
    isAdmitted,
    answerFields(origin) {
      const fields = permission(origin);
      if (fields.length > 0) fields.push('access-control-expose-headers', exposed);
      // Also on answers to others: a cache must not give theirs to a page.
      if (admitted !== null) fields.push('vary', 'Origin');
      return fields;
    },
    preflightFields(origin, methods) {
      const fields = permission(origin);
      fields.push('access-control-allow-methods', methods.join(', '));
      if (allowed !== '') fields.push('access-control-allow-headers', allowed);
      fields.push('access-control-max-age', String(maxAgeSeconds));
      fields.push('vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
      return fields;
    },
  };
}

function fieldList(names: readonly string[]): string {
  const usable = names.map((name) => name.toLowerCase()).filter((name) => !FORBIDDEN.test(name));
  return [...new Set(usable)].sort().join(', ');
}

/** What a preflight (Fetch §4.8) asks for; null: the call is none. */
export function preflightOf({
  method,
  headers,
}: Pick<RequestFacts, 'method' | 'headers'>): { origin: string; method: string } | null {
  if (method !== 'OPTIONS') return null;
  const origin = headers.get('origin');
  const asked = headers.get('access-control-request-method');
  return origin === undefined || asked === undefined ? null : { origin, method: asked };
}

/** Where the gate speaks about origins, the service's own words about them are replaced. */
export function isCorsField(name: string): boolean {
  return name.startsWith('access-control-');
}

/** Vary of a service and of the gate as one. */
export function mergedVary(answer: HeaderFields, own: string): string {
  const members = listMembers(answer.joined('vary') ?? '').filter((member) => member !== '');
  if (members.includes('*')) return '*';
  const known = new Set(members.map((member) => member.toLowerCase()));
  const missing = listMembers(own).filter((member) => !known.has(member.toLowerCase()));
  return [...members, ...missing].join(', ');
}
