import {
  escapeStep,
  isRecord,
  type Location,
  own,
  type Resource,
  resolveUri,
  withoutFragment,
} from './locations.ts';
import type { Dialect } from './types.ts';

/** Every resource and anchor of the documents, found before anything refers to them. */
export class Resources {
  /** Names that some $dynamicRef asks for: the only ones worth tracking. */
  readonly dynamicNames = new Set<string>();
  readonly #dialect: Dialect;
  readonly #byUri = new Map<string, Resource>();
  readonly #byRoot = new WeakMap<object, Resource>();
  // YAML aliases can make a document share its parts, or even contain itself.
  readonly #visited = new WeakSet<object>();

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  has(uri: string): boolean {
    return this.#byUri.has(uri);
  }

  get(uri: string): Resource | undefined {
    return this.#byUri.get(uri);
  }

  /** The resource that this schema is the root of. */
  rootedIn(schema: object): Resource | undefined {
    return this.#byRoot.get(schema);
  }

  add(address: string, node: unknown): void {
    const uri = withoutFragment(resolveUri(address, ''));
    const isOpenApi = own(node, 'openapi') !== undefined || own(node, 'components') !== undefined;
    const at = { node, document: address, pointer: '' };
    // OpenAPI 3.0 knows no $id; only a document that declares a JSON Schema dialect means it.
    const isNamed = this.#dialect !== 'openapi-3.0' || own(node, '$schema') !== undefined;
    const keyword = isOpenApi ? '$self' : isDraft4(own(node, '$schema')) ? 'id' : '$id';
    const id = isNamed ? own(node, keyword) : undefined;
    const base =
      typeof id === 'string' && !id.startsWith('#') ? withoutFragment(resolveUri(id, uri)) : uri;
    const resource = this.#addResource(base, at);
    if (!this.#byUri.has(uri)) this.#byUri.set(uri, resource);
    const location = { ...at, resource };
    if (!isNamed) return;
    if (isOpenApi) this.#visitOpenApi(location);
    else this.#visitSchema(location, true);
  }

  /** In an OpenAPI document schemas stand under `schema` and `schemas`, wherever these are. */
  #visitOpenApi(at: Location): void {
    const stack: Location[] = [at];
    for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
      if (typeof here.node !== 'object' || here.node === null || this.#visited.has(here.node))
        continue;
      this.#visited.add(here.node);
      for (const [name, node] of Object.entries(here.node)) {
        const next = { ...here, node, pointer: `${here.pointer}/${escapeStep(name)}` };
        if (name === 'schema') this.#visitSchema(next, false);
        else if (name === 'schemas' && isRecord(node)) {
          for (const [key, value] of Object.entries(node)) {
            const pointer = `${next.pointer}/${escapeStep(key)}`;
            this.#visitSchema({ ...next, node: value, pointer }, false);
          }
        } else if (name !== 'example' && name !== 'examples' && name !== 'default')
          stack.push(next);
      }
    }
  }

  /** Visits schema positions only: an $id inside an enum or an unknown keyword is just a word. */
  #visitSchema(at: Location, isRoot: boolean): void {
    const stack: [Location, boolean][] = [[at, isRoot]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [given, isOpened] = next;
      const schema = given.node;
      if (!isRecord(schema) || this.#visited.has(schema)) continue;
      this.#visited.add(schema);
      const here = isOpened ? given : { ...given, resource: this.#enter(given, schema) };
      const { resource } = here;
      this.#noteAnchors(here, schema);
      const isLegacy = isOldDraft(resource.schemaUri);
      for (const [keyword, value] of Object.entries(schema)) {
        const form = SUBSCHEMAS[keyword];
        if (form === undefined || !Object.hasOwn(SUBSCHEMAS, keyword)) continue;
        if (keyword === '$defs' && isLegacy && DRAFTS_WITHOUT_DEFS.test(resource.schemaUri!))
          continue;
        const base = { resource, document: here.document };
        const pointer = `${here.pointer}/${escapeStep(keyword)}`;
        if (form === 'one' && isRecord(value))
          stack.push([{ ...base, node: value, pointer }, false]);
        else if ((form === 'list' || form === 'one') && Array.isArray(value)) {
          value.forEach((node, i) => {
            stack.push([{ ...base, node, pointer: `${pointer}/${i}` }, false]);
          });
        } else if (form === 'map' && isRecord(value)) {
          for (const [name, node] of Object.entries(value)) {
            stack.push([{ ...base, node, pointer: `${pointer}/${escapeStep(name)}` }, false]);
          }
        }
      }
    }
  }

  #enter(at: Location, schema: Record<string, unknown>): Resource {
    const draft4 = isDraft4(at.resource.schemaUri) || isDraft4(own(schema, '$schema'));
    const id = own(schema, draft4 ? 'id' : '$id');
    if (typeof id !== 'string' || id.startsWith('#')) return at.resource;
    // Up to draft-07 a $ref hides its siblings, its $id among them.
    if (DRAFTS_WITHOUT_DEFS.test(at.resource.schemaUri ?? '') && Object.hasOwn(schema, '$ref')) {
      return at.resource;
    }
    const uri = withoutFragment(resolveUri(id, at.resource.uri));
    if (uri === at.resource.uri) return at.resource;
    return this.#addResource(uri, at, at.resource.schemaUri);
  }

  #noteAnchors(at: Location, schema: Record<string, unknown>): void {
    const { resource } = at;
    const anchor = own(schema, '$anchor');
    const dynamic = own(schema, '$dynamicAnchor');
    if (typeof anchor === 'string') resource.anchors.set(anchor, at);
    if (typeof dynamic === 'string') {
      resource.anchors.set(dynamic, at);
      resource.dynamicAnchors.set(dynamic, at);
    }
    const recursive = own(schema, '$recursiveAnchor');
    if (recursive === true && at.node === resource.root) resource.dynamicAnchors.set('', at);
    const id = own(schema, isDraft4(resource.schemaUri) ? 'id' : '$id');
    if (typeof id === 'string' && id.startsWith('#')) resource.anchors.set(id.slice(1), at);
    const ref = own(schema, '$dynamicRef');
    if (typeof ref === 'string') this.dynamicNames.add(ref.slice(ref.indexOf('#') + 1));
    if (own(schema, '$recursiveRef') === '#') this.dynamicNames.add('');
  }

  #addResource(uri: string, at: Omit<Location, 'resource'>, inherited?: string): Resource {
    const declared = own(at.node, '$schema') ?? own(at.node, 'jsonSchemaDialect');
    const resource: Resource = {
      uri,
      root: at.node,
      document: at.document,
      pointer: at.pointer,
      anchors: new Map(),
      dynamicAnchors: new Map(),
      schemaUri: typeof declared === 'string' ? declared.replace(/#$/, '') : inherited,
    };
    if (!this.#byUri.has(uri)) this.#byUri.set(uri, resource);
    if (isRecord(at.node)) this.#byRoot.set(at.node, resource);
    return resource;
  }
}

/** How each keyword holds schemas. `items` and `dependencies` of older drafts included. */
const SUBSCHEMAS: Readonly<Record<string, 'one' | 'list' | 'map'>> = {
  $defs: 'map',
  definitions: 'map',
  allOf: 'list',
  anyOf: 'list',
  oneOf: 'list',
  not: 'one',
  if: 'one',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'one',
  else: 'one',
  dependentSchemas: 'map',
  dependencies: 'map',
  prefixItems: 'list',
  items: 'one',
  additionalItems: 'one',
  contains: 'one',
  properties: 'map',
  patternProperties: 'map',
  additionalProperties: 'one',
  propertyNames: 'one',
  unevaluatedItems: 'one',
  unevaluatedProperties: 'one',
  contentSchema: 'one',
};

const DRAFTS_WITHOUT_DEFS = /json-schema\.org\/draft-0[3-7]\//;
const isDraft4 = (uri: unknown): boolean =>
  typeof uri === 'string' && /json-schema\.org\/draft-0[34]\//.test(uri);
export const isOldDraft = (uri: string | undefined): boolean =>
  uri !== undefined && /json-schema\.org\/draft(-0[3-7]|\/2019-09)\//.test(uri);
