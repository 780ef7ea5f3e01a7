import { meantFlag, wholeNumberText } from '../../json-schema/index.ts';
import type { Direction, SchemaAddress, SchemaEntry } from '../../json-schema/types.ts';
import type { ComponentKind, Documents } from '../document/documents.ts';
import { isFields, ownMember, pointerSegments } from '../document/pointer.ts';
import { child, type Place, placeKey, type Remarks } from '../document/remarks.ts';
import type { CompileApiOptions } from '../types.ts';
import { withFieldsBeside } from './beside-references.ts';
import { checkSchemas } from './check-schemas.ts';
import type { ObjectKind } from './known-fields.ts';
import { mendUnwrapped } from './mend-unwrapped.ts';
import { checkFields, nameOf } from './object-fields.ts';
import { isOpenSchema } from './open-schema.ts';
import { WholeReferences } from './whole-references.ts';

const OPTIONAL_LISTS = new Set(['parameters', 'servers']);

/** Fields by which a single item is known that stands where a list of them belongs. */
const ITEM_MARKS: Readonly<Record<string, readonly string[]>> = {
  parameters: ['in'],
  servers: ['url'],
};

/** Where a reference that is only a name is looked for. */
const COMPONENTS: Partial<Record<ObjectKind, ComponentKind>> = {
  parameter: 'parameters',
  response: 'responses',
};

/** What every reader of the description shares. */
export class Reading {
  readonly documents: Documents;
  readonly remarks: Remarks;
  readonly version: '3.0' | '3.1';
  readonly options: CompileApiOptions;
  /** As authors mean what they write, unless the letter is asked for. */
  readonly manner: 'meant' | 'strict';
  readonly wholes = new WholeReferences(this);
  readonly #entries = new Map<string, SchemaEntry>();
  readonly #open = new Map<SchemaAddress, boolean>();
  readonly #checkedSchemas = new Set<string>();

  constructor(
    documents: Documents,
    remarks: Remarks,
    version: '3.0' | '3.1',
    options: CompileApiOptions,
  ) {
    this.documents = documents;
    this.remarks = remarks;
    this.version = version;
    this.options = options;
    this.manner = options.reading ?? 'meant';
  }

  /** OpenAPI 3.0 by the letter: a `$ref` hides its siblings. */
  get hidesBesideReference(): boolean {
    return this.version === '3.0' && this.manner === 'strict';
  }

  get schemaEntries(): SchemaEntry[] {
    return [...this.#entries.values()];
  }

  /** Schemas that say nothing. */
  get openSchemas(): SchemaAddress[] {
    return [...this.#open].filter(([, isOpen]) => isOpen).map(([address]) => address);
  }

  /** The address under which the schema at that place will be callable. */
  schema(place: Place, direction: Direction): SchemaAddress {
    checkSchemas(place, this, this.#checkedSchemas);
    const target = this.#withoutBareReferences(place);
    const address = placeKey(target);
    if (!this.#open.has(address)) this.#open.set(address, isOpenSchema(target, this.documents));
    this.#entries.set(`${direction} ${address}`, { address, direction });
    return address;
  }

  /** `{ $ref }` and nothing else is the schema it names: operations then share one validator. */
  #withoutBareReferences(place: Place): Place {
    let current = place;
    for (let hops = 0; hops < 32; hops++) {
      const { value } = current;
      if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) break;
      const reference = ownMember(value, '$ref');
      if (typeof reference !== 'string' || !/^[^#]*(#(\/|$)|$)/.test(reference)) break;
      const target = this.documents.target(current, reference);
      if (target === undefined) break;
      current = target;
    }
    return current;
  }

  /** A member of the given type; undefined where absent, or wrong after a remark. */
  text(place: Place, key: string): string | undefined {
    const at = this.#plain(place, key);
    const { value } = at;
    if (value === undefined || typeof value === 'string') return value;
    const text = wholeNumberText(value);
    if (text === undefined) this.#refuseType(at, key, 'string');
    else this.readAs(at, `${key}: '${text}'`);
    return text;
  }

  flag(place: Place, key: string): boolean | undefined {
    const at = this.#plain(place, key);
    const { value } = at;
    if (value === undefined || typeof value === 'boolean') return value;
    if (this.#isEmpty(at, key)) return undefined;
    const flag = meantFlag(value);
    if (flag === undefined) this.#refuseType(at, key, 'boolean');
    else this.readAs(at, `${key}: ${flag}`);
    return flag;
  }

  /** A text or flag may stand elsewhere, too; beside such a reference nothing can stand. */
  #plain(place: Place, key: string): Place {
    const at = child(place, key);
    const isAlone = isFields(at.value) && Object.keys(at.value).length === 1;
    if (!isAlone || typeof ownMember(at.value, '$ref') !== 'string') return at;
    return this.documents.follow(at) ?? { ...at, value: undefined };
  }

  /** Where what stands there breaks the standard, and can mean one thing only. */
  readAs(at: Place, meant: string, suggestion = `write ${meant}`): void {
    this.remarks.warn('read-as-meant', at, `this is read as ${meant}`, suggestion);
  }

  #refuseType(at: Place, key: string, type: 'string' | 'boolean'): void {
    this.remarks.error('wrong-type', at, `'${key}' must be a ${type}, found ${nameOf(at.value)}`);
  }

  /** In YAML, a key with nothing behind it is null. */
  #isEmpty(at: Place, key: string): boolean {
    if (at.value === null) this.remarks.warn('empty-field', at, `'${key}' is empty`);
    return at.value === undefined || at.value === null;
  }

  /** A member, absent where nothing stands behind its key. */
  member(place: Place, key: string): Place {
    const at = child(place, key);
    return this.#isEmpty(at, key) ? { ...at, value: undefined } : at;
  }

  /**
   * The object that stands at a place, or where its reference leads, with its unknown fields
   * remarked on; undefined after an error. Nothing behind a key is an object without members.
   */
  object(at: Place, kind: ObjectKind, options: { extensible?: boolean } = {}): Place | undefined {
    if (at.value === null) {
      const key = pointerSegments(at.pointer).at(-1) ?? '';
      this.remarks.warn('empty-field', at, `'${key}' is empty`, `write '${key}: {}'`);
      return { ...at, value: {} };
    }
    const references: Place[] = [];
    const target = this.documents.follow(at, COMPONENTS[kind], references);
    if (target === undefined) return undefined;
    if (kind === 'parameter' || kind === 'header' || kind === 'mediaType') {
      mendUnwrapped(target, kind, this);
    }
    const place = withFieldsBeside(target, references, kind, this.remarks);
    return checkFields(place, kind, this.remarks, options) ? place : undefined;
  }

  /** Items of a list member; empty where absent, or wrong after a remark. */
  list(place: Place, key: string): Place[] {
    const at = this.#container(place, key);
    if (at === undefined || this.#isEmpty(at, key)) return [];
    if (Array.isArray(at.value)) {
      // A dash with nothing behind it adds nothing.
      const items = at.value.map((_, index) => child(at, index));
      return OPTIONAL_LISTS.has(key) ? items.filter((item) => !this.#isEmpty(item, key)) : items;
    }
    const mark = ITEM_MARKS[key]?.some((name) => ownMember(at.value, name) !== undefined);
    if (mark && isFields(at.value)) {
      this.readAs(at, 'a list of one', 'put a dash (or brackets) before it');
      return [at];
    }
    this.remarks.error('wrong-type', at, `'${key}' must be an array, found ${nameOf(at.value)}`);
    return [];
  }

  /** A list or map may stand elsewhere as a whole. */
  #container(place: Place, key: string): Place | undefined {
    const at = child(place, key);
    if (!isFields(at.value) || !Object.hasOwn(at.value, '$ref')) return at;
    const references: Place[] = [];
    const kind = key === 'parameters' ? key : undefined;
    const target = this.documents.follow(at, kind, references);
    return target && withFieldsBeside(target, references, 'map', this.remarks);
  }

  /** Members of a map member; empty where absent, or wrong after a remark. */
  map(place: Place, key: string): [name: string, value: Place][] {
    const at = this.#container(place, key);
    return at === undefined ? [] : this.members(at, key);
  }

  /** Members of a map that is no reference, whatever its members are called. */
  members(at: Place, key: string): [name: string, value: Place][] {
    if (this.#isEmpty(at, key)) return [];
    if (isFields(at.value)) {
      return Object.keys(at.value).map((name) => [name, child(at, name)]);
    }
    this.remarks.error('wrong-type', at, `'${key}' must be an object, found ${nameOf(at.value)}`);
    return [];
  }
}
