import { didYouMean, nearest } from '../../json-schema/index.ts';
import { isFields, ownMember, plainText } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { SecurityRequirement, SecurityScheme } from '../types.ts';
import { nameOf } from './object-fields.ts';
import type { Reading } from './reading.ts';

interface DeclaredScheme {
  readonly place: Place;
  /** null where it cannot be enforced. */
  readonly scheme: SecurityScheme | null;
  readonly why: string;
  readonly suggestion: string | undefined;
  /** Scopes of all OAuth flows; undefined where scopes are not listed. */
  readonly scopes: ReadonlyMap<string, string> | undefined;
}

/** The schemes of one description, and the requirements that name them. */
export class SecurityReader {
  readonly #reading: Reading;
  readonly #declared = new Map<string, DeclaredScheme>();
  readonly #used = new Set<string>();

  constructor(root: Place, reading: Reading) {
    this.#reading = reading;
    const at = child(root, 'components');
    const components = at.value === undefined ? undefined : reading.object(at, 'components');
    if (components === undefined) return;
    for (const [name, place] of reading.map(components, 'securitySchemes')) {
      const target = reading.object(place, 'securityScheme');
      if (target !== undefined) this.#declared.set(name, readScheme(target, reading));
    }
  }

  get schemes(): Readonly<Record<string, SecurityScheme>> {
    const enforced = [...this.#declared].flatMap(([name, { scheme }]) =>
      scheme === null ? [] : ([[name, scheme]] as const),
    );
    // A description with a place of its own for keys does not mean them where it says no more.
    const hasPlaceForKeys = enforced.some(
      ([, scheme]) =>
        scheme.type === 'apiKey' || (scheme.type === 'http' && scheme.scheme === 'basic'),
    );
    return Object.fromEntries(
      enforced.map(([name, scheme]) => {
        const isOpen =
          scheme.type === 'http' && scheme.scheme === 'bearer' && scheme.takesKeys === undefined;
        return [name, isOpen && !hasPlaceForKeys ? { ...scheme, takesKeys: true } : scheme];
      }),
    );
  }

  /** null where `security` is not declared. */
  requirements(holder: Place): readonly SecurityRequirement[] | null {
    if (!isFields(holder.value) || !Object.hasOwn(holder.value, 'security')) return null;
    const at = this.#followed(child(holder, 'security'));
    if (at === undefined) return [];
    if (!Array.isArray(at.value)) {
      const isOne = isFields(at.value) ? Object.keys(at.value).length > 0 : isName(at.value);
      // One requirement without its list. An empty one would open the door: that must be written out.
      if (isOne) {
        this.#reading.readAs(at, 'a list of one requirement', 'put a dash (or brackets) before it');
        return [this.#alternative(at)];
      }
      this.#reading.remarks.error(
        'wrong-type',
        at,
        `'security' must be an array, found ${nameOf(at.value)}`,
        isFields(at.value) ? "write 'security: []' to let everybody in" : undefined,
      );
      return [];
    }
    return at.value.map((_, index) => this.#alternative(child(at, index)));
  }

  /** Requirements may stand elsewhere; nothing that stands beside the reference may be lost. */
  #followed(at: Place): Place | undefined {
    if (!isFields(at.value) || !Object.hasOwn(at.value, '$ref')) return at;
    const references: Place[] = [];
    const target = this.#reading.documents.follow(at, undefined, references);
    for (const reference of references) {
      for (const key of Object.keys(reference.value as object)) {
        if (key === '$ref') continue;
        this.#reading.remarks.error(
          'fields-beside-reference',
          child(reference, key),
          `'${key}' beside the reference of a security requirement`,
          'move it to where the reference leads',
        );
      }
    }
    return target;
  }

  #alternative(at: Place): SecurityRequirement {
    const { remarks } = this.#reading;
    const place = this.#followed(at);
    if (place === undefined) return {};
    if (isName(place.value)) {
      const name = place.value;
      this.#reading.readAs(place, `'${name}: []'`);
      return Object.fromEntries([[name, this.#scopes({ ...place, value: [] }, name)]]);
    }
    if (!isFields(place.value)) {
      const message = `a security requirement must be an object, found ${nameOf(place.value)}`;
      remarks.error('wrong-type', place, message);
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
        remarks.didYouMean(name, () => this.#declared.keys()) ??
          "declare it under 'components.securitySchemes'",
      );
    } else if (declared.scheme === null) {
      remarks.error(
        'unenforceable-security-scheme',
        declared.place,
        `the security scheme '${name}' cannot be enforced: ${declared.why}`,
        declared.suggestion,
      );
    }
    const scopes = this.#scopeList(place, name);
    for (const [index, scope] of scopes.entries()) {
      if (declared?.scopes === undefined || declared.scopes.has(scope)) continue;
      remarks.warn(
        'undeclared-scope',
        child(place, index),
        `the scheme '${name}' declares no scope '${scope}'`,
        remarks.didYouMean(scope, () => declared.scopes?.keys() ?? []),
      );
    }
    return scopes;
  }

  #scopeList({ document, pointer, value }: Place, name: string): readonly string[] {
    const at = { document, pointer, value };
    if (Array.isArray(value) && value.every((scope) => typeof scope === 'string')) return value;
    const isEmpty = value === null || (isFields(value) && Object.keys(value).length === 0);
    if (isEmpty || isName(value)) {
      const scopes = isEmpty ? [] : [value as string];
      this.#reading.readAs(at, `'${name}: [${scopes.join()}]'`);
      return scopes;
    }
    const message = `the scopes of '${name}' must be an array of strings`;
    this.#reading.remarks.error('wrong-type', at, message);
    return [];
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

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9._:/-]+$/.test(value);

const TYPES = ['apiKey', 'http', 'oauth2', 'openIdConnect', 'mutualTLS'];

function readScheme(place: Place, reading: Reading): DeclaredScheme {
  const enforced = (
    scheme: SecurityScheme,
    scopes?: ReadonlyMap<string, string>,
  ): DeclaredScheme => ({
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
  const oneOf = (key: string, known: readonly string[]): unknown => {
    const written = member(key);
    const meant = known.find(
      (name) => name.toLowerCase() === plainText(written).trim().toLowerCase(),
    );
    if (meant !== undefined && meant !== written) {
      reading.readAs(child(place, key), `${key}: ${meant}`);
    }
    return meant ?? written;
  };
  const type = oneOf('type', TYPES);
  switch (type) {
    case 'apiKey': {
      const location = oneOf('in', ['header', 'query', 'cookie']);
      const name = member('name');
      if (typeof name !== 'string' || name === '') return refused("'name' is missing");
      if (location === 'header' || location === 'query' || location === 'cookie') {
        return enforced({ type, in: location, name });
      }
      return refused("'in' must be header, query or cookie");
    }
    case 'http': {
      const scheme = plainText(member('scheme')).trim().toLowerCase();
      if (scheme === 'basic') return enforced({ type, scheme });
      if (scheme === 'bearer') {
        const format = plainText(member('bearerFormat')).trim();
        if (format === '') return enforced({ type, scheme });
        return enforced({ type, scheme, takesKeys: !/jwt/i.test(format) });
      }
      const known = ['basic', 'bearer'];
      return refused('its HTTP scheme is neither basic nor bearer', didYouMean(scheme, known));
    }
    case 'oauth2': {
      const scopes = declaredScopes(place, reading);
      const texts = [...(scopes ?? [])].filter(([, text]) => text !== '');
      if (texts.length === 0) return enforced({ type }, scopes);
      return enforced({ type, scopeTexts: Object.fromEntries(texts) }, scopes);
    }
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
      if (type === 'basic' || type === 'bearer') {
        reading.readAs(child(place, 'type'), `type: http, scheme: ${type}`);
        return enforced({ type: 'http', scheme: type });
      }
      const meant = nearest(plainText(type), TYPES);
      return refused('its type is unknown', meant && `did you mean '${meant}'?`);
    }
  }
}

/** What each is for, by its name; empty where nothing is said. */
function declaredScopes(place: Place, reading: Reading): ReadonlyMap<string, string> | undefined {
  const flows = reading.map(place, 'flows');
  if (flows.length === 0) {
    reading.remarks.warn('oauth2-without-flows', place, 'this OAuth 2 scheme declares no flows');
    return undefined;
  }
  const scopes = new Map<string, string>();
  for (const [, at] of flows) {
    const flow = reading.documents.follow(at);
    if (flow === undefined) continue;
    const listed = ownMember(flow.value, 'scopes');
    // Names without descriptions: enough to know them by.
    if (Array.isArray(listed)) {
      reading.readAs(child(flow, 'scopes'), 'names of scopes', 'write an object of descriptions');
      for (const scope of listed) scopes.set(plainText(scope), '');
    } else {
      for (const [scope, { value }] of reading.map(flow, 'scopes')) {
        const text = typeof value === 'string' ? value.trim() : '';
        scopes.set(scope, text === '' ? (scopes.get(scope) ?? '') : text);
      }
    }
  }
  return scopes;
}
