import { KEYWORD_FORMS, setMember } from '../../json-schema/index.ts';
import { type Fields, isFields, ownMember, pointerSegments } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import { withFieldsBeside } from './beside-references.ts';
import { nameOf } from './object-fields.ts';
import type { Reading } from './reading.ts';

/** Members that references to whole maps and lists bring in, in one description. */
const MEMBERS_MAX = 200_000;

/** How the value of a keyword is brought in: schemas by reference, plain values as they are. */
type Whole = 'map' | 'list' | 'value';

const WHOLES: ReadonlyMap<string, Whole> = new Map([
  ...Object.entries(KEYWORD_FORMS).flatMap(([keyword, form]): [string, Whole][] => {
    // In `const` and the like a `$ref` is data, in `items` it is a schema, beside others it is itself.
    if (form === 'any' || form === 'schema' || form === 'object' || keyword.startsWith('$'))
      return [];
    return [[keyword, form === 'schemaMap' ? 'map' : form === 'schemas' ? 'list' : 'value']];
  }),
  ['$defs', 'map'],
  ['definitions', 'map'],
  ['nullable', 'value'],
  ['readOnly', 'value'],
  ['writeOnly', 'value'],
]);

/**
 * `properties: { $ref: ./members.yml }`: the value of a keyword stands elsewhere as a whole, as tools
 * that bundle files allow. A property may be called `$ref`, but then a schema stands behind the name,
 * never a text. Schemas that are brought in so are referred to one by one where they stand, because
 * what they refer to is relative to their own file.
 */
export class WholeReferences {
  readonly #reading: Reading;
  #members = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  bringIn(place: Place, schema: Fields): void {
    for (const [keyword, value] of Object.entries(schema)) {
      const whole = WHOLES.get(keyword);
      if (whole === undefined || typeof ownMember(value, '$ref') !== 'string') continue;
      const at = child(place, keyword);
      const found = this.#follow(at);
      const brought =
        found && (whole === 'value' ? this.#plainOf(found, at) : this.#schemasOf(found, whole, at));
      // After an error, nothing is loaded; one remark is enough.
      if (brought === undefined) delete (schema as Record<string, unknown>)[keyword];
      else setMember(schema, keyword, brought);
    }
  }

  #follow(at: Place): Place | undefined {
    const references: Place[] = [];
    const target = this.#reading.documents.follow(at, undefined, references);
    return target && withFieldsBeside(target, references, 'map', this.#reading.remarks);
  }

  #plainOf({ value }: Place, at: Place): unknown {
    const isList = Array.isArray(value);
    // `required: true` makes its property required, and is looked for before this is brought in.
    const needsList = pointerSegments(at.pointer).at(-1) === 'required';
    const copy = needsList && !isList ? undefined : plainCopy(value);
    if (copy === undefined) {
      const led = isList ? 'a list of objects' : nameOf(value);
      const wanted = needsList ? 'a list of names' : 'a plain value';
      this.#reading.remarks.error('wrong-type', at, `this leads to ${led}, not to ${wanted}`);
      return undefined;
    }
    return this.#mayBringIn(isScalar(copy) ? 0 : sizeOf(copy), at) ? copy : undefined;
  }

  #mayBringIn(members: number, at: Place): boolean {
    this.#members += members;
    if (this.#members <= MEMBERS_MAX) return true;
    const message = `references bring in more than ${MEMBERS_MAX} members of maps and lists`;
    this.#reading.remarks.error('too-large', at, message, 'refer to schemas instead');
    return false;
  }

  #schemasOf(found: Place, whole: 'map' | 'list', at: Place): unknown {
    const { value } = found;
    const isFit = whole === 'list' ? Array.isArray(value) : isFields(value);
    const names = isFit ? Object.keys(value as object) : [];
    const members = names.map((name) => child(found, name));
    const stray = members.find((member) => !isSchema(member.value));
    if (!isFit || stray !== undefined || (whole === 'map' && isDoubtful(value))) {
      const wanted = whole === 'list' ? 'a list of schemas' : 'a map of schemas by name';
      const led = isFit ? 'something else, or to a schema' : nameOf(value);
      this.#reading.remarks.error('wrong-type', at, `this leads to ${led}, not to ${wanted}`);
      return undefined;
    }
    if (!this.#mayBringIn(names.length, at)) return undefined;
    if (whole === 'list') return members.map((member) => this.#referenceTo(member));
    const map = {};
    for (const [index, name] of names.entries()) {
      const member = members[index]!;
      // What stands beside the reference is where it belongs already.
      const isHere = found.beside?.has(name) ?? false;
      setMember(map, name, isHere ? member.value : this.#referenceTo(member));
    }
    return map;
  }

  /** A schema that only refers to another is that other: a discriminator knows it by its name. */
  #referenceTo(member: Place): unknown {
    const { value } = member;
    if (!isFields(value)) return value;
    const reference = ownMember(value, '$ref');
    const isBare = typeof reference === 'string' && Object.keys(value).length === 1;
    const isPointer = isBare && /^[^#]*(?:#(?:\/|$)|$)/.test(reference);
    const target = isPointer ? this.#reading.documents.target(member, reference) : member;
    const { document, pointer } = target ?? member;
    const fragment = pointer.split('/').map(encodeURIComponent).join('/');
    return { $ref: `${document.id}#${fragment}` };
  }
}

/**
 * Texts, numbers, lists of them and maps of such lists. Other objects could hold what refers to them.
 * A copy, because the start of the walk mends lists in place, and must not mend those of others.
 */
function plainCopy(value: unknown): unknown {
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.every(isScalar) ? [...value] : undefined;
  const lists = Object.entries(value as Fields);
  const arePlain = lists.every(([, list]) => Array.isArray(list) && list.every(isScalar));
  if (!arePlain) return undefined;
  const copy = {};
  for (const [name, list] of lists) setMember(copy, name, [...(list as unknown[])]);
  return copy;
}

/** Of a list, or of all lists of a map. */
function sizeOf(copy: unknown): number {
  return Array.isArray(copy) ? copy.length : Object.values(copy as Fields).flat().length;
}

const isScalar = (value: unknown): boolean => !isFields(value) && !Array.isArray(value);

const isSchema = (value: unknown): boolean => isFields(value) || typeof value === 'boolean';

/** `{ properties: { id: … } }` is a schema with one member, or a map with a member of this name. */
function isDoubtful(value: unknown): boolean {
  const inner = ownMember(value, 'properties');
  return isFields(inner) && !Object.keys(inner).some((key) => Object.hasOwn(KEYWORD_FORMS, key));
}
