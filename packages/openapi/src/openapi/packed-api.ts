import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parseJsonText } from '../json/index.ts';
import type { CompiledSchemas } from '../json-schema/types.ts';
import type { OperationPlan, SegmentPlan } from './plan.ts';
import type { CompiledApi, CompiledOperation } from './types.ts';

/**
 * A compiled description as one block of bytes. Threads share the block and decode what is called:
 * a new version costs them its routes, not its plans and its validators' source text.
 */
export interface PackedApi {
  /** Equal digests, equal descriptions: what was opened for one serves the other. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Routes are decoded so many at once: between two sections, calls may go on. */
export const ROUTES_A_SECTION = 250;

/** The start of the block: counts of operations and units, then the end of every piece. */
const COUNTS = 2;
const WORD_BYTES = 4;

type Outline = Omit<CompiledApi, 'operations' | 'schemas' | 'comparable'>;
type Route = readonly [method: string, template: readonly SegmentPlan[]];
type Rest = Omit<CompiledOperation, 'method'>;
type Links = Omit<CompiledSchemas, 'units'>;

/** Pieces in this order: outline, links, sections of routes, operations, units. */
export function packApi({
  operations,
  schemas,
  comparable: _here,
  ...outline
}: CompiledApi): PackedApi {
  const { units, ...links } = schemas;
  const routes = operations.map(({ method, plan }): Route => {
    return [method, (plan as OperationPlan).template];
  });
  const sections = Array.from({ length: sectionsOf(operations.length) }, (_, index) =>
    routes.slice(index * ROUTES_A_SECTION, (index + 1) * ROUTES_A_SECTION),
  );
  const rests = operations.map(({ method: _, ...rest }): Rest => rest);
  const texts = [
    ...[outline satisfies Outline, links satisfies Links, ...sections, ...rests].map((piece) =>
      JSON.stringify(piece),
    ),
    ...Array.from({ length: units.length }, (_, index) => units.at(index) ?? ''),
  ];
  const pieces = texts.map((text) => Buffer.from(text, 'utf8'));
  const words = Buffer.alloc((COUNTS + pieces.length) * WORD_BYTES);
  words.writeUInt32LE(operations.length, 0);
  words.writeUInt32LE(units.length, WORD_BYTES);
  let end = words.length;
  for (const [index, piece] of pieces.entries()) {
    end += piece.length;
    words.writeUInt32LE(end, (COUNTS + index) * WORD_BYTES);
  }
  const bytes = Buffer.concat([words, ...pieces]);
  return { digest: createHash('sha256').update(bytes).digest('base64url'), bytes };
}

/** The same description again, decoded piece by piece as it is used. */
export function unpackApi({ bytes }: PackedApi): CompiledApi {
  const pieces = new Pieces(bytes);
  return {
    ...(pieces.json(0) as Outline),
    operations: Array.from(
      { length: pieces.operations },
      (_, index) => new PackedOperation(pieces, index),
    ),
    schemas: new PackedSchemas(pieces),
  };
}

class Pieces {
  readonly operations: number;
  readonly units: number;
  readonly #bytes: Buffer;
  readonly #routes: (readonly Route[])[] = [];

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.operations = this.#word(0);
    this.units = this.#word(1);
  }

  text(index: number): string {
    const count = 2 + sectionsOf(this.operations) + this.operations + this.units;
    const start = index === 0 ? (COUNTS + count) * WORD_BYTES : this.#word(COUNTS + index - 1);
    return this.#bytes.toString('utf8', start, this.#word(COUNTS + index));
  }

  json(index: number): unknown {
    return parseJsonText(this.text(index));
  }

  route(operation: number): Route {
    const section = Math.floor(operation / ROUTES_A_SECTION);
    this.#routes[section] ??= this.json(2 + section) as readonly Route[];
    return this.#routes[section]?.[operation % ROUTES_A_SECTION] as Route;
  }

  rest(operation: number): Rest {
    return this.json(2 + sectionsOf(this.operations) + operation) as Rest;
  }

  unit(index: number): string {
    return this.text(2 + sectionsOf(this.operations) + this.operations + index);
  }

  #word(index: number): number {
    return this.#bytes.readUInt32LE(index * WORD_BYTES);
  }
}

export class PackedOperation implements CompiledOperation {
  readonly #pieces: Pieces;
  readonly #index: number;
  #rest: Rest | undefined;

  constructor(pieces: Pieces, index: number) {
    this.#pieces = pieces;
    this.#index = index;
  }

  get method(): string {
    return this.#pieces.route(this.#index)[0];
  }

  get template(): readonly SegmentPlan[] {
    return this.#pieces.route(this.#index)[1];
  }

  get id(): string {
    return this.#decoded.id;
  }

  get path(): string {
    return this.#decoded.path;
  }

  get summary(): string {
    return this.#decoded.summary;
  }

  get deprecated(): boolean {
    return this.#decoded.deprecated;
  }

  get security(): CompiledOperation['security'] {
    return this.#decoded.security;
  }

  get settings(): CompiledOperation['settings'] {
    return this.#decoded.settings;
  }

  get file(): string {
    return this.#decoded.file;
  }

  get line(): number {
    return this.#decoded.line;
  }

  get column(): number {
    return this.#decoded.column;
  }

  get plan(): unknown {
    return this.#decoded.plan;
  }

  get #decoded(): Rest {
    this.#rest ??= this.#pieces.rest(this.#index);
    return this.#rest;
  }
}

class PackedSchemas implements CompiledSchemas {
  readonly units: CompiledSchemas['units'];
  readonly #pieces: Pieces;
  #links: Links | undefined;

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
    this.units = { length: pieces.units, at: (index) => pieces.unit(index) };
  }

  get entries(): CompiledSchemas['entries'] {
    return this.#decoded.entries;
  }

  get diagnostics(): CompiledSchemas['diagnostics'] {
    return this.#decoded.diagnostics;
  }

  get cutting(): readonly number[] {
    return this.#decoded.cutting ?? [];
  }

  get floats(): readonly number[] {
    return this.#decoded.floats ?? [];
  }

  get reportsFormats(): boolean {
    return this.#decoded.reportsFormats ?? false;
  }

  get #decoded(): Links {
    this.#links ??= this.#pieces.json(1) as Links;
    return this.#links;
  }
}

function sectionsOf(operations: number): number {
  return Math.ceil(operations / ROUTES_A_SECTION);
}
