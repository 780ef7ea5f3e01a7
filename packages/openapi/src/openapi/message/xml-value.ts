import type { JsonValue } from '../../json/index.ts';
import { nameLikeness } from '../../likeness.ts';
import type { Draft } from '../decode/draft.ts';
import { readingsOf, setOwn } from '../decode/lexemes.ts';
import { ANY, additionalShape, propertiesOf, type Refusal } from '../decode/read-field.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { Shape, XmlNaming } from '../plan.ts';
import { SCHEMA_INSTANCE, type XmlAttribute, type XmlElement } from './read-xml.ts';

type Fields = { [name: string]: JsonValue };

/** How one property is written: as an attribute, an element, or an element an item. */
interface Spec {
  readonly property: string;
  readonly shape: Shape;
  readonly naming: XmlNaming;
  readonly isItems: boolean;
}

interface Specs {
  /** By local name; null where several properties would be written alike. */
  readonly elements: ReadonlyMap<string, Spec | null>;
  readonly attributes: ReadonlyMap<string, Spec | null>;
  /** Of the names of both, as other services may take them. */
  readonly likenesses: ReadonlySet<string>;
}

/** A name of the description, which may be of any length. */
const shown = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}…` : name);

function namespaceInWords({ namespace, prefix }: XmlNaming): string {
  if (namespace !== undefined) return `the namespace ${shown(namespace)}`;
  if (prefix !== undefined) return `the prefix ${shown(prefix)}`;
  return 'no namespace, or that of the element around it';
}

/** A document into the value that its schema describes, by the rules of OpenAPI's `xml` object. */
export class XmlValue {
  readonly #draft: Draft;
  readonly #fillsLists: boolean;
  #refusal: Refusal | undefined;

  constructor(draft: Draft, fillsLists: boolean) {
    this.#draft = draft;
    this.#fillsLists = fillsLists;
  }

  readRoot(
    root: XmlElement,
    name: string,
    shape: Shape,
  ): { readonly readings: readonly JsonValue[] } | Refusal {
    if (root.local !== name) {
      return { rule: 'root', pointer: '', expected: `the root element ${shown(name)}` };
    }
    this.#checkNamespace(root, namingOf(shape), '', '');
    const readings = this.#read(root, shape, '');
    return this.#refusal ?? { readings };
  }

  /** The first refusal stands; what is read after it is thrown away. */
  #refuse(rule: string, pointer: string, expected?: string): readonly JsonValue[] {
    this.#refusal ??= { rule, pointer, ...(expected !== undefined && { expected }) };
    return [null];
  }

  #read(element: XmlElement, shape: Shape, pointer: string): readonly JsonValue[] {
    if (this.#refusal !== undefined) return [null];
    if (shape.isCut || shape.xml === 'mixed') return this.#refuse('undescribed', pointer);
    const attributes = element.attributes.filter(({ uri }) => uri !== SCHEMA_INSTANCE);
    const isEmpty = element.children.length === 0 && attributes.length === 0;
    const nil = nilOf(element);
    if (nil === undefined || (nil && !(isEmpty && element.text === ''))) {
      return this.#refuse('xml-ambiguous', pointer);
    }
    if (nil) return [null];
    const { types } = shape;
    if (types?.includes('array')) {
      const isListOnly = types.every((type) => type === 'array' || type === 'null');
      if (!isListOnly) return this.#refuse('xml-ambiguous', pointer);
      if (attributes.length > 0) return this.#refuse('undocumented', pointer);
      return this.#readList(element, shape, pointer);
    }
    const mayBeObject = types === null || types.includes('object');
    if (!isEmpty) {
      if (mayBeObject) return this.#readObject(element, attributes, shape, pointer);
      return this.#refuse(element.children.length > 0 ? 'type' : 'undocumented', pointer);
    }
    if (types === null || !mayBeObject) return this.#readText(element, shape, pointer);
    if (isBlank(element.text)) {
      const texts = types.length > 1 ? this.#readText(element, withoutObjects(shape), pointer) : [];
      return [...this.#readObject(element, attributes, shape, pointer), ...texts];
    }
    if (types.length === 1) return this.#refuse('text', pointer);
    return this.#readText(element, withoutObjects(shape), pointer);
  }

  /** Comments and CDATA sections inside a text: parsers differ in how much of it they then read. */
  #readText(element: XmlElement, shape: Shape, pointer: string): readonly JsonValue[] {
    if (element.isSplit) return this.#refuse('xml-ambiguous', pointer);
    return readingsOf(element.text, shape);
  }

  #readList(element: XmlElement, shape: Shape, pointer: string): readonly JsonValue[] {
    if (!isBlank(element.text)) return this.#refuse('text', pointer);
    const list: JsonValue[] = [];
    for (const [index, child] of element.children.entries()) {
      const item = itemShape(shape, index);
      const at = `${pointer}/${index}`;
      // OpenAPI: items without a name of their own are called as what wraps them.
      if (child.local !== (namingOf(item).name ?? element.local)) {
        return this.#refuse('undocumented', pointer);
      }
      this.#checkNamespace(child, namingOf(item), element.uri, at);
      this.#draft.put(list, index, at, this.#read(child, item, at));
    }
    return [list];
  }

  #readObject(
    element: XmlElement,
    attributes: readonly XmlAttribute[],
    shape: Shape,
    pointer: string,
  ): readonly JsonValue[] {
    if (!isBlank(element.text)) return this.#refuse('text', pointer);
    const specs = specsOf(shape);
    const fields: Fields = {};
    for (const attribute of attributes) {
      this.#addAttribute(attribute, element, specs, shape, fields, pointer);
    }
    const byName = Map.groupBy(element.children, ({ local }) => local);
    for (const [local, children] of byName) {
      this.#addElements(local, children, element, specs, shape, fields, pointer);
    }
    if (this.#fillsLists) fillLists(specs, fields);
    return [fields];
  }

  #addAttribute(
    attribute: XmlAttribute,
    { uri }: XmlElement,
    specs: Specs,
    shape: Shape,
    fields: Fields,
    pointer: string,
  ): void {
    const spec = specs.attributes.get(attribute.local);
    if (spec === null) return void this.#refuse('undescribed', pointer);
    if (spec !== undefined) {
      const { property, naming } = spec;
      const at = `${pointer}/${escapeSegment(property)}`;
      // Unlike elements, attributes are in no namespace unless they say so.
      this.#checkNamespace(attribute, naming, naming.namespace ?? '', at);
      this.#draft.put(fields, property, at, readingsOf(attribute.value, spec.shape));
      return;
    }
    const key = `@${attribute.name}`;
    const isSettled =
      specs.likenesses.has(nameLikeness(attribute.local)) || propertiesOf(shape).has(key);
    // Services that make no difference between the two, or of case, would read it in place of what is described.
    if (isSettled || (attribute.uri === uri && propertiesOf(shape).has(attribute.local))) {
      return void this.#refuse('xml-ambiguous', pointer);
    }
    const at = `${pointer}/${escapeSegment(key)}`;
    this.#draft.put(fields, key, at, readingsOf(attribute.value, additionalShape(shape)));
  }

  #addElements(
    local: string,
    children: readonly XmlElement[],
    parent: XmlElement,
    specs: Specs,
    shape: Shape,
    fields: Fields,
    pointer: string,
  ): void {
    const spec = specs.elements.get(local);
    if (spec === null) return void this.#refuse('undescribed', pointer);
    if (spec === undefined) return this.#addUnknown(local, children, specs, shape, fields, pointer);
    const { property, naming, isItems } = spec;
    const at = `${pointer}/${escapeSegment(property)}`;
    for (const child of children) this.#checkNamespace(child, naming, parent.uri, at);
    if (isItems) {
      const list: JsonValue[] = [];
      for (const [index, child] of children.entries()) {
        const place = `${at}/${index}`;
        const readings = this.#read(child, itemShape(spec.shape, index), place);
        this.#draft.put(list, index, place, readings);
      }
      return this.#draft.put(fields, property, at, [list]);
    }
    if (children.length > 1) return void this.#refuse('duplicate', at);
    const readings = this.#read(children[0] as XmlElement, spec.shape, at);
    this.#draft.put(fields, property, at, readings);
  }

  /** Kept as a member, for additionalProperties and the strict reading to judge. */
  #addUnknown(
    local: string,
    children: readonly XmlElement[],
    specs: Specs,
    shape: Shape,
    fields: Fields,
    pointer: string,
  ): void {
    // Under the name of a property that is written otherwise, it would pass for it.
    if (specs.likenesses.has(nameLikeness(local)) || propertiesOf(shape).has(local)) {
      return void this.#refuse('xml-ambiguous', pointer);
    }
    const at = `${pointer}/${escapeSegment(local)}`;
    const additional = additionalShape(shape);
    if (children.length === 1) {
      const [child] = children as [XmlElement];
      return this.#draft.put(fields, local, at, this.#read(child, additional, at));
    }
    const item = additional.types?.includes('array') ? (additional.items ?? ANY) : additional;
    const list: JsonValue[] = [];
    for (const [index, child] of children.entries()) {
      const readings = this.#read(child, item, `${at}/${index}`);
      this.#draft.put(list, index, `${at}/${index}`, readings);
    }
    this.#draft.put(fields, local, at, [list]);
  }

  /** Where no namespace is described: in none, or in that of the element around it. */
  #checkNamespace(
    { prefix, uri }: { readonly prefix: string; readonly uri: string },
    naming: XmlNaming,
    around: string,
    pointer: string,
  ): void {
    const isDescribed =
      naming.namespace !== undefined
        ? uri === naming.namespace
        : naming.prefix !== undefined
          ? prefix === naming.prefix
          : uri === '' || uri === around;
    if (!isDescribed) this.#refuse('namespace', pointer, namespaceInWords(naming));
  }
}

const known = new WeakMap<Shape, Specs>();

function specsOf(shape: Shape): Specs {
  const remembered = known.get(shape);
  if (remembered !== undefined) return remembered;
  const elements = new Map<string, Spec | null>();
  const attributes = new Map<string, Spec | null>();
  for (const [property, own] of propertiesOf(shape)) {
    const naming = namingOf(own);
    const isItems = (own.types?.includes('array') ?? false) && !naming.wrapped;
    const written = isItems ? namingOf(own.items ?? ANY) : naming;
    const local = written.name ?? property;
    const spec = { property, shape: own, naming: written, isItems };
    const specs = naming.attribute ? attributes : elements;
    specs.set(local, specs.has(local) ? null : spec);
  }
  const names = [...elements.keys(), ...attributes.keys()];
  const specs = { elements, attributes, likenesses: new Set(names.map(nameLikeness)) };
  known.set(shape, specs);
  return specs;
}

function fillLists({ elements }: Specs, fields: Fields): void {
  for (const spec of elements.values()) {
    if (spec?.isItems && !Object.hasOwn(fields, spec.property)) setOwn(fields, spec.property, []);
  }
}

const UNNAMED: XmlNaming = {};

function namingOf({ xml }: Shape): XmlNaming {
  return xml === undefined || xml === 'mixed' ? UNNAMED : xml;
}

function itemShape(shape: Shape, index: number): Shape {
  return shape.prefixItems?.[index] ?? shape.items ?? ANY;
}

function withoutObjects(shape: Shape): Shape {
  return { ...shape, types: shape.types?.filter((type) => type !== 'object') ?? null };
}

/** XML Schema's null; undefined where the attribute, or another of its kin, changes what is read. */
function nilOf({ attributes }: XmlElement): boolean | undefined {
  let isNil = false;
  for (const { uri, local, value } of attributes) {
    if (uri !== SCHEMA_INSTANCE) continue;
    if (local !== 'nil' || !/^(?:true|false|1|0)$/.test(value)) return undefined;
    isNil = value === 'true' || value === '1';
  }
  return isNil;
}

function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text);
}
