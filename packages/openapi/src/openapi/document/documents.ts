import { setMember } from '../../json-schema/index.ts';
import type { Position } from './parsed-text.ts';
import { isFields, ownMember, plainText, pointerSegments } from './pointer.ts';
import { child, type Place, placeKey, type Remarks } from './remarks.ts';
import { findSchemaResources, resourceAround, type SchemaResource } from './schema-resources.ts';
import { parseText, type SourceDocument } from './source-document.ts';

/** A description split into more files than this is a mistake or an attack. */
const DOCUMENTS_MAX = 10_000;
/** All of them together, as long as the largest single one may be, and again. */
const TEXTS_LENGTH_MAX = 256 * 1024 * 1024;
const REFERENCE_HOPS_MAX = 64;

export type Opened =
  | { readonly ok: true; readonly document: SourceDocument }
  | ({
      readonly ok: false;
      readonly uri: string;
      readonly message: string;
      readonly suggestion?: string;
    } & Position);

/** Every file of one description, read when a reference first needs it. */
export class Documents {
  readonly #read: (uri: string, reference: string) => string;
  readonly #remarks: Remarks;
  #knowsIds = true;
  #depth = 0;
  #textLength = 0;
  readonly #opened = new Map<string, SourceDocument | null>();
  readonly #resources = new Map<string, { document: SourceDocument; resource: SchemaResource }>();

  constructor(read: (uri: string, reference: string) => string, remarks: Remarks) {
    this.#read = read;
    this.#remarks = remarks;
  }

  /** Parsed values by address, as the schema compiler wants them. */
  get values(): ReadonlyMap<string, unknown> {
    const values = new Map<string, unknown>();
    for (const [id, document] of this.#opened) {
      if (document !== null) values.set(id, document.value);
    }
    return values;
  }

  documentOf(id: string): SourceDocument | undefined {
    return this.#opened.get(id) ?? undefined;
  }

  open(uri: string, text: string): Opened {
    const parsed = parseText(uri, text);
    if (!parsed.ok) return { ...parsed, uri };
    const id = absoluteAddress(uri);
    const resources = this.#hasResources(parsed.value, text)
      ? findSchemaResources(parsed.value, id)
      : [];
    const document = { id, uri, value: parsed.value, resources, positions: parsed.positions };
    for (const resource of resources) this.#resources.set(resource.address, { document, resource });
    this.#opened.set(id, document);
    return { ok: true, document };
  }

  #hasResources(value: unknown, text: string): boolean {
    const version = ownMember(value, 'openapi');
    // 3.0 knows neither $id nor anchors; a file that declares a JSON Schema dialect does.
    if (version !== undefined) this.#knowsIds = !plainText(version).startsWith('3.0');
    if (!this.#knowsIds && ownMember(value, '$schema') === undefined) return false;
    // Looking for them costs a walk over everything; most descriptions have none.
    return /\$(?:id|anchor|dynamicAnchor)\b/.test(text);
  }

  /**
   * The place itself, or what its chain of $refs leads to; undefined after an error was noted. The
   * references on the way are left in `passing`, for the caller to judge what stands beside them.
   */
  follow(place: Place, kind?: ComponentKind, passing: Place[] = []): Place | undefined {
    let current = place;
    const passed = new Set<string>();
    for (let hops = 0; hops < REFERENCE_HOPS_MAX; hops++) {
      if (!isFields(current.value)) return current;
      if (kind !== undefined) this.respell(current, kind);
      if (!Object.hasOwn(current.value, '$ref')) return current;
      const reference = ownMember(current.value, '$ref');
      if (typeof reference !== 'string') {
        this.#remarks.error('wrong-type', child(current, '$ref'), '$ref must be a string');
        return undefined;
      }
      passing.push(current);
      passed.add(placeKey(current));
      const target = this.target(current, reference);
      if (target === undefined) return undefined;
      if (passed.has(placeKey(target))) break;
      current = target;
    }
    this.#remarks.error(
      'cyclic-reference',
      child(place, '$ref'),
      'this chain of references leads back to itself and never to a value',
    );
    return undefined;
  }

  /**
   * `$ref: Pet` and `#/definitions/Pet` as Swagger wrote them, `#components/schemas/Pet` without
   * its slash. Where a component of this name exists, the component is meant.
   */
  respell(place: Place, kind: ComponentKind): void {
    const reference = ownMember(place.value, '$ref');
    if (typeof reference !== 'string' || !isFields(place.value)) return;
    const { document, pointer } = place;
    const name = meantComponent(reference, kind, document.value);
    const components = ownMember(ownMember(document.value, 'components'), kind);
    if (name === undefined || ownMember(components, name) === undefined) return;
    if (resourceAround(document.resources, pointer) !== undefined) return;
    const meant = `#/components/${kind}/${name}`;
    this.#remarks.warn(
      'read-as-meant',
      child(place, '$ref'),
      `'${reference}' is read as '${meant}'`,
      'write it so',
    );
    setMember(place.value, '$ref', meant);
  }

  /** One hop: the place that a reference at `from` names. */
  target(from: Place, reference: string, at = child(from, '$ref')): Place | undefined {
    const [address = '', ...rest] = reference.split('#');
    const fragment = rest.join('#');
    const start = address === '' ? startOf(from) : this.#neighbour(from, at, address);
    if (start === undefined) return undefined;
    const pointer = decodeFragment(fragment);
    if (pointer === undefined || (pointer !== '' && !pointer.startsWith('/'))) {
      this.#unresolvable(at, reference, `'#${fragment}' is not a JSON Pointer`);
      return undefined;
    }
    return this.#descend(start, pointer, at, reference);
  }

  /** The same without an error: a file that is missing now is missed again by whoever needs it. */
  attemptTarget(from: Place, reference: string): Place | undefined {
    return this.#remarks.attempt(() => {
      const opened = this.#opened.size;
      const found = this.target(from, reference);
      if (found !== undefined) return found;
      for (const [id, document] of [...this.#opened].slice(opened)) {
        if (document === null) this.#opened.delete(id);
      }
      return undefined;
    });
  }

  /** The schema that an anchor names, in this document or one already read. */
  anchored(from: Place, reference: string): Place | undefined {
    const base = resourceAround(from.document.resources, from.pointer)?.address ?? from.document.id;
    if (!URL.canParse(reference, base)) return undefined;
    const named = this.#resources.get(new URL(reference, base).href);
    return named && { document: named.document, ...named.resource };
  }

  /** A pointer may lead through other references: `components: { schemas: { $ref: … } }`. */
  #descend(start: Place, pointer: string, at: Place, reference: string): Place | undefined {
    let here = start;
    for (const segment of pointerSegments(pointer)) {
      const through = isMemberOf(here.value, segment) ? here : this.#through(here);
      if (through === undefined) return undefined;
      here = through;
      const { value } = here;
      if (!isMemberOf(value, segment)) {
        const names = () => (typeof value === 'object' && value !== null ? Object.keys(value) : []);
        this.#unresolvable(
          at,
          reference,
          `'${segment}' does not exist there`,
          segment === '' && pointer.endsWith('/')
            ? 'remove the slash at its end'
            : this.#remarks.didYouMean(segment, names),
        );
        return undefined;
      }
      here = child(here, segment);
    }
    return here;
  }

  #through(here: Place): Place | undefined {
    if (typeof ownMember(here.value, '$ref') !== 'string') return here;
    if (this.#depth >= REFERENCE_HOPS_MAX) {
      const at = child(here, '$ref');
      this.#remarks.error('cyclic-reference', at, 'references lead through references without end');
      return undefined;
    }
    this.#depth++;
    try {
      return this.follow(here);
    } finally {
      this.#depth--;
    }
  }

  /** The whole of another document, or of a schema that an `$id` names. */
  #neighbour(from: Place, at: Place, address: string): Place | undefined {
    const base = resourceAround(from.document.resources, from.pointer)?.address ?? from.document.id;
    if (!URL.canParse(address, base)) {
      this.#unresolvable(at, address, 'not a URI reference');
      return undefined;
    }
    const named = this.#resources.get(new URL(address, base).href);
    if (named !== undefined) return { document: named.document, ...named.resource };
    // Many documents name themselves one way and refer to each other by file.
    const id = new URL(address, from.document.id).href;
    const known = this.#opened.get(id);
    const document = known === undefined ? this.#openNeighbour(id, at, address) : known;
    return document ? wholeOf(document) : undefined;
  }

  #openNeighbour(id: string, at: Place, address: string): SourceDocument | undefined {
    this.#opened.set(id, null);
    if (this.#opened.size > DOCUMENTS_MAX) {
      this.#unresolvable(at, address, `the description spans more than ${DOCUMENTS_MAX} files`);
      return undefined;
    }
    const uri = readableAddress(id);
    let text: string;
    try {
      text = this.#read(uri, address);
      this.#textLength += text.length;
      if (this.#textLength > TEXTS_LENGTH_MAX) {
        throw new Error(
          `the files of the description are larger than ${TEXTS_LENGTH_MAX >> 20} MiB`,
        );
      }
    } catch (error) {
      this.#unresolvable(at, address, (error as Error)?.message ?? 'it cannot be read');
      return undefined;
    }
    const opened = this.open(uri, text);
    if (opened.ok) {
      if (typeof opened.document.value !== 'string' || /\.md$/i.test(uri)) return opened.document;
      this.#opened.set(id, null);
      this.#unresolvable(at, address, `${uri} is plain text, and no mapping or list`);
      return undefined;
    }
    const where = `${opened.uri}:${opened.line}:${opened.column}`;
    this.#unresolvable(at, address, `${where}: ${withoutQuotes(opened.message)}`);
    return undefined;
  }

  #unresolvable(at: Place, reference: string, why: string, suggestion?: string): void {
    this.#remarks.error(
      'unresolvable-reference',
      at,
      `the reference '${shortened(reference)}' cannot be resolved: ${why}`,
      suggestion,
    );
  }
}

function isMemberOf(value: unknown, segment: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, segment) && !(Array.isArray(value) && segment === 'length');
}

function wholeOf(document: SourceDocument): Place {
  return { document, pointer: '', value: document.value };
}

/** Where '#' leads from a place: the document, or the schema resource around it. */
function startOf({ document, pointer }: Place): Place {
  const resource = resourceAround(document.resources, pointer);
  return resource === undefined ? wholeOf(document) : { document, ...resource };
}

/**
 * What is wrong with a file that a reference named, in the parser's words alone: whoever writes a
 * description may name any file, and whoever reads the message may not be allowed to read that.
 */
function withoutQuotes(message: string): string {
  const [, start = '', rest = ''] = /^(not (?:YAML|JSON): )?([\s\S]*)$/.exec(message) ?? [];
  const quoteless = rest.replace(/(['"`])[\s\S]*\1/, '…');
  return start + (quoteless.split(': ')[0] as string);
}

function shortened(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** The JSON Pointer in a URI fragment; undefined where its escapes are broken. */
function decodeFragment(fragment: string): string | undefined {
  try {
    const pointer = decodeURIComponent(fragment);
    return /~(?![01])/.test(pointer) ? undefined : pointer;
  } catch {
    return undefined;
  }
}

export type ComponentKind = 'schemas' | 'parameters' | 'responses';

const REFERENCES = {
  schemas: /^(?:#\/definitions\/|(?:#|\/|)components\/schemas\/)([\w.-]{1,200})$/,
  parameters: /^(?:#\/parameters\/|(?:#|\/|)components\/parameters\/)([\w.-]{1,200})$/,
  responses: /^(?:#\/responses\/|(?:#|\/|)components\/responses\/)([\w.-]{1,200})$/,
};

/** The name of the component; undefined where the reference is sound as it stands. */
function meantComponent(
  reference: string,
  kind: ComponentKind,
  document: unknown,
): string | undefined {
  // A name with a dot may well be a file.
  if (/^[\w-]{1,200}$/.test(reference)) return reference;
  const name = REFERENCES[kind].exec(reference)?.[1];
  if (name === undefined || !reference.startsWith('#/')) return name;
  const section = ownMember(document, kind === 'schemas' ? 'definitions' : kind);
  return ownMember(section, name) === undefined ? name : undefined;
}

const RELATIVE = 'relative:///';

/** Schemas are addressed by absolute URIs; a bare file path gets a scheme of its own. */
function absoluteAddress(uri: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(uri) && URL.canParse(uri)) {
    const url = new URL(uri);
    url.hash = '';
    return url.href;
  }
  const escaped = uri.split('/').map(encodeURIComponent).join('/');
  return new URL(escaped, RELATIVE).href;
}

function readableAddress(id: string): string {
  if (!id.startsWith(RELATIVE)) return id;
  try {
    return id.slice(RELATIVE.length).split('/').map(decodeURIComponent).join('/');
  } catch {
    return id.slice(RELATIVE.length);
  }
}
