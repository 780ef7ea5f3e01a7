import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { JsonBounds } from '../../json/index.ts';
import { strictUtf8 } from './multipart.ts';

export interface XmlAttribute {
  /** As written, prefix included. */
  readonly name: string;
  readonly prefix: string;
  readonly local: string;
  /** '' where it is in no namespace. */
  readonly uri: string;
  readonly value: string;
}

export interface XmlElement {
  readonly prefix: string;
  readonly local: string;
  /** '' where it is in no namespace. */
  readonly uri: string;
  /** Without declarations of namespaces. */
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All character data directly inside, blanks included. */
  readonly text: string;
  /** Comments and CDATA sections beside the text: some parsers then read a part of it. */
  readonly isSplit: boolean;
}

export type XmlReading =
  | { readonly ok: true; readonly root: XmlElement; readonly text: string }
  | { readonly ok: false; readonly rule: string };

/** Beyond these, a document is not a message: each is far above what such documents hold. */
const ELEMENTS_MAX = 50_000;
/** Texts, comments and CDATA sections. */
const TEXTS_MAX = 100_000;
const ATTRIBUTES_MAX = 64;
const NAME_LENGTH_MAX = 1_000;

/** What the parser says of references it does not know. */
const ENTITY = /^(?:undefined entity|empty entity name|disallowed character in entity name)/;

/** Namespaces in XML 1.0: characters of a name that do not start one. */
const NO_START = /^(?:[-.0-9\u00b7\u203f\u2040]|[\u0300-\u036f])/;

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const XINCLUDE = /^https?:\/\/www\.w3\.org\/20\d\d\/XInclude$/;
export const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/**
 * XML 1.0 in UTF-8, well-formed and with namespaces, without whatever makes a parser fetch, expand
 * or run something: document types, entities, processing instructions, inclusions and addresses of
 * schemas. Character references and the five entities of XML itself remain, and cannot grow.
 */
export function readXml(bytes: Uint8Array, bounds: JsonBounds): XmlReading {
  const text = strictUtf8(bytes);
  if (text === undefined) return { ok: false, rule: 'xml-encoding' };
  try {
    return { ok: true, root: new Reader(bounds).read(text), text };
  } catch (error) {
    // What the parser itself cannot cope with is no XML, either.
    return { ok: false, rule: error instanceof Refused ? error.rule : 'xml-malformed' };
  }
}

class Refused extends Error {
  readonly rule: string;
  constructor(rule: string) {
    super(rule);
    this.rule = rule;
  }
}

interface OpenElement {
  readonly prefix: string;
  readonly local: string;
  readonly uri: string;
  readonly attributes: XmlAttribute[];
  readonly children: XmlElement[];
  text: string;
  runs: number;
  isSplit: boolean;
}

class Reader {
  readonly #bounds: JsonBounds;
  readonly #open: OpenElement[] = [];
  #root: OpenElement | undefined;
  #elements = 0;
  #texts = 0;
  #attributes = 0;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  read(text: string): XmlElement {
    const parser = new SaxesParser({ xmlns: true, position: false });
    parser.on('error', ({ message }) => refuse(ENTITY.test(message) ? 'entity' : 'malformed'));
    parser.on('xmldecl', ({ version, encoding }) => {
      if (version !== '1.0') refuse('version');
      if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') refuse('encoding');
    });
    parser.on('doctype', () => refuse('dtd'));
    parser.on('processinginstruction', () => refuse('instruction'));
    parser.on('opentagstart', ({ name }) => {
      this.#attributes = 0;
      if (name.length > NAME_LENGTH_MAX) refuse('name-length');
    });
    parser.on('attribute', ({ name, value }) => this.#boundAttribute(name, value));
    parser.on('opentag', (tag) => this.#enter(tag));
    parser.on('closetag', () => this.#open.pop());
    parser.on('text', (data) => this.#addText(data));
    parser.on('cdata', (data) => this.#addText(data));
    parser.on('comment', () => this.#addText(''));
    parser.write(text).close();
    return this.#root ?? refuse('malformed');
  }

  #boundAttribute(name: string, value: string): void {
    if (++this.#attributes > ATTRIBUTES_MAX) refuse('attributes');
    if (name.length > NAME_LENGTH_MAX) refuse('name-length');
    if (value.length > this.#bounds.stringLengthMax) refuse('string-length');
    // The parser trims names of namespaces, as others do not.
    const isNamespace = name === 'xmlns' || name.startsWith('xmlns:');
    if (isNamespace && /[\s\0]/.test(value)) refuse('namespace');
  }

  #enter({ prefix, local, uri, attributes }: SaxesTagNS): void {
    if (++this.#elements > ELEMENTS_MAX) refuse('items');
    if (this.#open.length >= this.#bounds.depthMax) refuse('depth');
    if (XINCLUDE.test(uri)) refuse('include');
    const all = Object.values(attributes);
    // The parser looks at the first character of the whole name alone: `p:-a` is none.
    if (NO_START.test(local) || all.some((attribute) => NO_START.test(attribute.local))) {
      refuse('malformed');
    }
    const own = all.filter((attribute) => attribute.uri !== XMLNS);
    if (own.some((attribute) => isSchemaAddress(attribute))) refuse('schema-location');
    const element: OpenElement = {
      prefix,
      local,
      uri,
      attributes: own,
      children: [],
      text: '',
      runs: 0,
      isSplit: false,
    };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else if (parent.children.push(element) > this.#bounds.itemsMax) refuse('items');
    this.#open.push(element);
  }

  /** Text, a CDATA section, or nothing for a comment: a second one beside text splits it. */
  #addText(data: string): void {
    if (++this.#texts > TEXTS_MAX) refuse('items');
    const element = this.#open.at(-1);
    if (element === undefined) return;
    element.text += data;
    element.runs += 1;
    if (element.text.length > this.#bounds.stringLengthMax) refuse('string-length');
    element.isSplit = element.runs > 1 && element.text !== '';
  }
}

function isSchemaAddress({ uri, local }: XmlAttribute): boolean {
  return uri === SCHEMA_INSTANCE && /^(?:schemaLocation|noNamespaceSchemaLocation)$/.test(local);
}

function refuse(what: string): never {
  throw new Refused(`xml-${what}`);
}
