import { didYouMean, nearest } from '../document/nearest.ts';
import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { SecurityRequirement, SecurityScheme } from '../types.ts';
import { checkFields, nameOf } from './object-fields.ts';
import type { Reading } from './reading.ts';

interface DeclaredScheme {
  readonly place: Place;
  /** null where it cannot be enforced. */
  readonly scheme: SecurityScheme | null;
  readonly why: string;
  readonly suggestion: string | undefined;
  /** Scopes of all OAuth flows; undefined where scopes are not listed. */
  readonly scopes: ReadonlySet<string> | undefined;
}

/** The schemes of one description, and the requirements that name them. */
export class SecurityReader {
  readonly #reading: Reading;
  readonly #declared = new Map<string, DeclaredScheme>();
  readonly #used = new Set<string>();

  constructor(root: Place, reading: Reading) {
    this.#reading = reading;
    const components = child(root, 'components');
    for (const [name, place] of reading.map(components, 'securitySchemes')) {
      const target = reading.documents.follow(place);
      if (target !== undefined && checkFields(target, 'securityScheme', reading.remarks)) {
        this.#declared.set(name, readScheme(target, reading));
      }
    }
  }

  get schemes(): Readonly<Record<string, SecurityScheme>> {
    const enforced = [...this.#declared].flatMap(([name, { scheme }]) =>
      scheme === null ? [] : ([[name, scheme]] as const),
    );
    return Object.fromEntries(enforced);
  }

  /** null where `security` is not declared. */
  requirements(holder: Place): readonly SecurityRequirement[] | null {
    const at = child(holder, 'security');
    if (!isFields(holder.value) || !Object.hasOwn(holder.value, 'security')) return null;
    if (!Array.isArray(at.value)) {
      this.#reading.remarks.error(
        'wrong-type',
        at,
        `'security' must be an array, found ${nameOf(at.value)}`,
        isFields(at.value) ? 'put a dash (or brackets) before the requirement' : undefined,
      );
      return [];
    }
    return at.value.map((_, index) => this.#alternative(child(at, index)));
  }

  #alternative(place: Place): SecurityRequirement {
    const { remarks } = this.#reading;
    if (!isFields(place.value)) {
      remarks.error(
        'wrong-type',
        place,
        `a security requirement must be an object, found ${nameOf(place.value)}`,
        typeof place.value === 'string' ? `write '${place.value}: []'` : undefined,
      );
      return {};
    }
    return Object.fromEntries(
      Object.keys(place.value).map((name) => [name, this.#scopes(child(place, name), name)]),
    );
  }

  #scopes(place: Place, name: string): readonly string[] {
    const { remarks } = this.#reading;
    const declared = this.#declared.get(name);
    this.#used.add(name);
    if (declared === undefined) {
      remarks.error(
        'unknown-security-scheme',
        place,
        `no security scheme is named '${name}'`,
        didYouMean(name, this.#declared.keys()) ?? "declare it under 'components.securitySchemes'",
      );
    } else if (declared.scheme === null) {
      remarks.error(
        'unenforceable-security-scheme',
        declared.place,
        `the security scheme '${name}' cannot be enforced: ${declared.why}`,
        declared.suggestion,
      );
    }
    const scopes = place.value;
    if (!Array.isArray(scopes) || scopes.some((scope) => typeof scope !== 'string')) {
      remarks.error(
        'wrong-type',
        place,
        `the scopes of '${name}' must be an array of strings`,
        scopes === null ? `write '${name}: []'` : undefined,
      );
      return [];
    }
    for (const [index, scope] of scopes.entries()) {
      if (declared?.scopes === undefined || declared.scopes.has(scope)) continue;
      remarks.warn(
        'undeclared-scope',
        child(place, index),
        `the scheme '${name}' declares no scope '${scope}'`,
        didYouMean(scope, declared.scopes),
      );
    }
    return scopes;
  }

  /** After all operations were read: faults of schemes that nobody uses are only worth a warning. */
  remarkOnUnused(): void {
    for (const [name, { scheme, why, place, suggestion }] of this.#declared) {
      if (scheme !== null || this.#used.has(name)) continue;
      this.#reading.remarks.warn(
        'unenforceable-security-scheme',
        place,
        `the unused security scheme '${name}' cannot be enforced: ${why}`,
        suggestion,
      );
    }
  }
}

const TYPES = ['apiKey', 'http', 'oauth2', 'openIdConnect', 'mutualTLS'];

function readScheme(place: Place, reading: Reading): DeclaredScheme {
  const enforced = (scheme: SecurityScheme, scopes?: ReadonlySet<string>): DeclaredScheme => ({
    place,
    scheme,
    why: '',
    suggestion: undefined,
    scopes,
  });
  const refused = (why: string, suggestion?: string): DeclaredScheme => ({
    place,
    scheme: null,
    why,
    suggestion,
    scopes: undefined,
  });
  const member = (key: string): unknown => ownMember(place.value, key);
  const type = member('type');
  switch (type) {
    case 'apiKey': {
      const location = member('in');
      const name = member('name');
      if (typeof name !== 'string' || name === '') return refused("'name' is missing");
      if (location === 'header' || location === 'query' || location === 'cookie') {
        return enforced({ type, in: location, name });
      }
      return refused("'in' must be header, query or cookie");
    }
    case 'http': {
      const scheme = String(member('scheme')).toLowerCase();
      if (scheme === 'basic') return enforced({ type, scheme });
      if (scheme === 'bearer') return enforced({ type, scheme });
      const known = ['basic', 'bearer'];
      return refused('its HTTP scheme is neither basic nor bearer', didYouMean(scheme, known));
    }
    case 'oauth2':
      return enforced({ type }, declaredScopes(place, reading));
    case 'openIdConnect': {
      const url = member('openIdConnectUrl');
      if (typeof url === 'string' && url !== '') return enforced({ type, openIdConnectUrl: url });
      return refused("'openIdConnectUrl' is missing");
    }
    case 'mutualTLS':
      if (reading.version === '3.0') {
        reading.remarks.warn('mutual-tls-in-3.0', place, 'mutualTLS came with OpenAPI 3.1');
      }
      return enforced({ type });
    default: {
      if (type === 'basic')
        return refused('its type is from Swagger 2.0', 'type: http, scheme: basic');
      const meant = nearest(String(type), TYPES);
      return refused('its type is unknown', meant && `did you mean '${meant}'?`);
    }
  }
}

function declaredScopes(place: Place, reading: Reading): ReadonlySet<string> | undefined {
  const flows = reading.map(place, 'flows');
  if (flows.length === 0) {
    reading.remarks.warn('oauth2-without-flows', place, 'this OAuth 2 scheme declares no flows');
    return undefined;
  }
  const scopes = new Set<string>();
  for (const [, flow] of flows) {
    for (const [scope] of reading.map(flow, 'scopes')) scopes.add(scope);
  }
  return scopes;
}
