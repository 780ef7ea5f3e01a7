import {
  escapeStep,
  isRecord,
  type Location,
  own,
  type Resource,
  resolveUri,
  rootOf,
  withoutFragment,
} from './locations.ts';
import { METASCHEMAS } from './metaschemas.ts';
import { Resources } from './resources.ts';
import type { Dialect, SchemaAddress } from './types.ts';

export interface Registry {
  resolve(ref: string, from: Resource): Location | undefined;
  locate(address: SchemaAddress): Location | undefined;
  child(location: Location, ...steps: string[]): Location;
  resourceAt(uri: string): Resource | undefined;
  /** Names that some $dynamicRef asks for: the only ones worth tracking. */
  readonly dynamicNames: ReadonlySet<string>;
}

/** References that one pointer leads through; more are a circle. */
const REFERENCES_PASSED_MAX = 32;

/** Resolves what refers to schemas, in these documents and in those that describe JSON Schema itself. */
export function openRegistry(documents: ReadonlyMap<string, unknown>, dialect: Dialect): Registry {
  const resources = new Resources(dialect);
  let passing = 0;
  for (const [address, node] of documents) resources.add(address, node);
  for (const [address, node] of METASCHEMAS) {
    if (!resources.has(address)) resources.add(address, node);
  }

  const self: Registry = {
    dynamicNames: resources.dynamicNames,
    resourceAt: (uri) => resources.get(withoutFragment(resolveUri(uri, ''))),
    child(location, ...steps) {
      let { node, resource, pointer } = location;
      for (const step of steps) {
        node = stepInto(node, step);
        pointer += `/${escapeStep(step)}`;
        if (isRecord(node)) resource = resources.rootedIn(node) ?? resource;
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

function stepInto(node: unknown, step: string): unknown {
  if (Array.isArray(node)) return /^(0|[1-9][0-9]*)$/.test(step) ? node[Number(step)] : undefined;
  return own(node, step);
}

function decodeFragment(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}
