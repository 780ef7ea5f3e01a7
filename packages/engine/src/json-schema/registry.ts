import { ExactNumber } from '../json/index.ts';
import { METASCHEMAS } from './metaschemas.ts';
import type { Dialect, SchemaAddress } from './types.ts';

/** A place in a document where a schema may stand. */
export interface Location {
  readonly node: unknown;
  readonly resource: Resource;
  /** URI of the document, without fragment. */
  readonly document: string;
  /** Pointer within the document. */
  readonly pointer: string;
}

/** A schema resource: a document, or an embedded schema with its own $id. */
export interface Resource {
  readonly uri: string;
  readonly root: unknown;
  readonly document: string;
  readonly pointer: string;
  readonly anchors: Map<string, Location>;
  readonly dynamicAnchors: Map<string, Location>;
  /** The nearest $schema; undefined leaves the caller's dialect in force. */
  readonly schemaUri: string | undefined;
}

export interface Registry {
  resolve(ref: string, from: Resource): Location | undefined;
  locate(address: SchemaAddress): Location | undefined;
  child(location: Location, ...steps: string[]): Location;
  resourceAt(uri: string): Resource | undefined;
  /** Names that some $dynamicRef asks for: the only ones worth tracking. */
  readonly dynamicNames: ReadonlySet<string>;
}

export const addressOf = (at: Location): SchemaAddress => `${at.document}#${at.pointer}`;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ExactNumber);

/** Reads an own member only: a schema may well be named "constructor". */
export function own(record: unknown, name: string): unknown {
  return isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined;
}

export const escapeStep = (step: string): string =>
  step.replaceAll('~', '~0').replaceAll('/', '~1');

/** References that one pointer leads through; more are a circle. */
const REFERENCES_PASSED_MAX = 32;

/** Finds every resource and anchor of the documents, before anything refers to them. */
export function openRegistry(documents: ReadonlyMap<string, unknown>, dialect: Dialect): Registry {
  const resources = new Map<string, Resource>();
  const byRoot = new WeakMap<object, Resource>();
  const dynamicNames = new Set<string>();
  // YAML aliases can make a document share its parts, or even contain itself.
  const visited = new WeakSet<object>();
  let passing = 0;

  function addResource(uri: string, at: Omit<Location, 'resource'>, inherited?: string): Resource {
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
    if (!resources.has(uri)) resources.set(uri, resource);
    if (isRecord(at.node)) byRoot.set(at.node, resource);
    return resource;
  }

  /** Visits schema positions only: an $id inside an enum or an unknown keyword is just a word. */
  function visitSchema(at: Location, isRoot: boolean): void {
    const stack: [Location, boolean][] = [[at, isRoot]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [given, isOpened] = next;
      const schema = given.node;
      if (!isRecord(schema) || visited.has(schema)) continue;
      visited.add(schema);
      const here = isOpened ? given : { ...given, resource: enter(given, schema) };
      const { resource } = here;
      noteAnchors(here, schema);
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

  function enter(at: Location, schema: Record<string, unknown>): Resource {
    const draft4 = isDraft4(at.resource.schemaUri) || isDraft4(own(schema, '$schema'));
    const id = own(schema, draft4 ? 'id' : '$id');
    if (typeof id !== 'string' || id.startsWith('#')) return at.resource;
    // Up to draft-07 a $ref hides its siblings, its $id among them.
    if (DRAFTS_WITHOUT_DEFS.test(at.resource.schemaUri ?? '') && Object.hasOwn(schema, '$ref')) {
      return at.resource;
    }
    const uri = withoutFragment(resolveUri(id, at.resource.uri));
    if (uri === at.resource.uri) return at.resource;
    return addResource(uri, at, at.resource.schemaUri);
  }

  function noteAnchors(at: Location, schema: Record<string, unknown>): void {
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
    if (typeof ref === 'string') dynamicNames.add(ref.slice(ref.indexOf('#') + 1));
    if (own(schema, '$recursiveRef') === '#') dynamicNames.add('');
  }

  /** In an OpenAPI document schemas stand under `schema` and `schemas`, wherever these are. */
  function visitOpenApi(at: Location): void {
    const stack: Location[] = [at];
    for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
      if (typeof here.node !== 'object' || here.node === null || visited.has(here.node)) continue;
      visited.add(here.node);
      for (const [name, node] of Object.entries(here.node)) {
        const next = { ...here, node, pointer: `${here.pointer}/${escapeStep(name)}` };
        if (name === 'schema') visitSchema(next, false);
        else if (name === 'schemas' && isRecord(node)) {
          for (const [key, value] of Object.entries(node)) {
            const pointer = `${next.pointer}/${escapeStep(key)}`;
            visitSchema({ ...next, node: value, pointer }, false);
          }
        } else if (name !== 'example' && name !== 'examples' && name !== 'default')
          stack.push(next);
      }
    }
  }

  function addDocument(address: string, node: unknown): void {
    const uri = withoutFragment(resolveUri(address, ''));
    const isOpenApi = own(node, 'openapi') !== undefined || own(node, 'components') !== undefined;
    const at = { node, document: address, pointer: '' };
    // OpenAPI 3.0 knows no $id; only a document that declares a JSON Schema dialect means it.
    const isNamed = dialect !== 'openapi-3.0' || own(node, '$schema') !== undefined;
    const keyword = isOpenApi ? '$self' : isDraft4(own(node, '$schema')) ? 'id' : '$id';
    const id = isNamed ? own(node, keyword) : undefined;
    const base =
      typeof id === 'string' && !id.startsWith('#') ? withoutFragment(resolveUri(id, uri)) : uri;
    const resource = addResource(base, at);
    if (!resources.has(uri)) resources.set(uri, resource);
    const location = { ...at, resource };
    if (!isNamed) return;
    if (isOpenApi) visitOpenApi(location);
    else visitSchema(location, true);
  }

  for (const [address, node] of documents) addDocument(address, node);
  for (const [address, node] of METASCHEMAS)
    if (!resources.has(address)) addDocument(address, node);

  const self: Registry = {
    dynamicNames,
    resourceAt: (uri) => resources.get(withoutFragment(resolveUri(uri, ''))),
    child(location, ...steps) {
      let { node, resource, pointer } = location;
      for (const step of steps) {
        node = stepInto(node, step);
        pointer += `/${escapeStep(step)}`;
        if (isRecord(node)) resource = byRoot.get(node) ?? resource;
      }
      return { node, resource, document: location.document, pointer };
    },
    resolve(ref, from) {
      const hash = ref.indexOf('#');
      const uri = hash === 0 ? from.uri : withoutFragment(resolveUri(ref, from.uri));
      const fragment = hash < 0 ? '' : decodeFragment(ref.slice(hash + 1));
      // Many documents name themselves one way and refer to each other by file: both are tried.
      const byFile = withoutFragment(resolveUri(ref, resolveUri(from.document, '')));
      const resource = resources.get(uri) ?? resources.get(byFile);
      if (resource === undefined || fragment === undefined) return undefined;
      if (fragment !== '' && !fragment.startsWith('/')) return resource.anchors.get(fragment);
      return walk(rootOf(resource), fragment);
    },
    locate(address) {
      const hash = address.indexOf('#');
      const document = hash < 0 ? address : address.slice(0, hash);
      const resource = resources.get(withoutFragment(resolveUri(document, '')));
      const fragment = hash < 0 ? '' : address.slice(hash + 1);
      if (resource === undefined) return undefined;
      return walk(rootOf(resource), fragment) ?? self.resolve(`#${fragment}`, resource);
    },
  };

  function walk(from: Location, pointer: string): Location | undefined {
    let here = from;
    for (const step of pointer.split('/').slice(1)) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const through = stepInto(here.node, name) === undefined ? behind(here) : here;
      if (through === undefined) return undefined;
      here = self.child(through, name);
      if (here.node === undefined) return undefined;
    }
    return here;
  }

  /** A pointer may lead through a reference: `components: { schemas: { $ref: … } }`. */
  function behind(here: Location): Location | undefined {
    const ref = own(here.node, '$ref');
    if (typeof ref !== 'string' || passing >= REFERENCES_PASSED_MAX) return undefined;
    passing++;
    try {
      return self.resolve(ref, here.resource);
    } finally {
      passing--;
    }
  }

  return self;
}

export const rootOf = (resource: Resource): Location => ({
  node: resource.root,
  resource,
  document: resource.document,
  pointer: resource.pointer,
});

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

function stepInto(node: unknown, step: string): unknown {
  if (Array.isArray(node)) return /^(0|[1-9][0-9]*)$/.test(step) ? node[Number(step)] : undefined;
  return own(node, step);
}

export function withoutFragment(uri: string): string {
  const hash = uri.indexOf('#');
  return hash < 0 ? uri : uri.slice(0, hash);
}

export function resolveUri(ref: string, base: string): string {
  try {
    return base === '' ? new URL(ref).href : new URL(ref, base).href;
  } catch {
    // A base without hierarchy (urn:) takes fragments only; a plain name stays a plain name.
    return ref.startsWith('#') ? base + ref : ref;
  }
}

function decodeFragment(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
