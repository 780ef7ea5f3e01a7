import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headers, openOperation, parts, told } from '../testing.fixture.ts';

/** What RFC 6570 and OpenAPI's table of styles say a client writes, read back under `const`. */

const encode = (value: unknown): string => encodeURIComponent(String(value));

type Entries = readonly (readonly [string, unknown])[];

const pairs = (entries: Entries, equals: string, between: string): string =>
  entries.map(([key, value]) => encode(key) + equals + encode(value)).join(between);

const list = (values: readonly unknown[], between: string): string =>
  values.map(encode).join(between);

interface Writer {
  readonly in: 'path' | 'query';
  readonly style: string;
  readonly explode: boolean;
  /** Characters that the style cannot carry inside a value. */
  readonly reserved: RegExp;
  readonly writeList: ((values: readonly unknown[]) => string) | undefined;
  readonly writeObject: ((entries: Entries) => string) | undefined;
}

const none = /(?!)/;
type Row = readonly [
  place: Writer['in'],
  style: string,
  explode: boolean,
  reserved: RegExp,
  writeList: Writer['writeList'],
  writeObject: Writer['writeObject'],
];

const rows: readonly Row[] = [
  ['path', 'simple', false, none, (v) => list(v, ','), (e) => pairs(e, ',', ',')],
  ['path', 'simple', true, none, (v) => list(v, ','), (e) => pairs(e, '=', ',')],
  ['path', 'label', false, none, (v) => `.${list(v, ',')}`, (e) => `.${pairs(e, ',', ',')}`],
  ['path', 'label', true, /\./, (v) => `.${list(v, '.')}`, (e) => `.${pairs(e, '=', '.')}`],
  ['path', 'matrix', false, none, (v) => `;p=${list(v, ',')}`, (e) => `;p=${pairs(e, ',', ',')}`],
  [
    'path',
    'matrix',
    true,
    none,
    (v) => v.map((item) => `;p=${encode(item)}`).join(''),
    (e) => `;${pairs(e, '=', ';')}`,
  ],
  ['query', 'form', false, none, (v) => `p=${list(v, ',')}`, (e) => `p=${pairs(e, ',', ',')}`],
  [
    'query',
    'form',
    true,
    none,
    (v) => v.map((item) => `p=${encode(item)}`).join('&'),
    (e) => pairs(e, '=', '&'),
  ],
  [
    'query',
    'spaceDelimited',
    false,
    / /,
    (v) => `p=${list(v, '%20')}`,
    (e) => `p=${pairs(e, '%20', '%20')}`,
  ],
  [
    'query',
    'pipeDelimited',
    false,
    /\|/,
    (v) => `p=${list(v, '%7C')}`,
    (e) => `p=${pairs(e, '|', '|')}`,
  ],
  [
    'query',
    'deepObject',
    true,
    /[[\]]/,
    (v) => v.map((one, index) => `p%5B${index}%5D=${encode(one)}`).join('&'),
    (e) => e.map(([key, value]) => `p%5B${encode(key)}%5D=${encode(value)}`).join('&'),
  ],
];

const writers: readonly Writer[] = rows.map(
  ([place, style, explode, reserved, writeList, writeObject]) => ({
    in: place,
    style,
    explode,
    reserved,
    writeList,
    writeObject,
  }),
);

/** Texts with every delimiter that matters, and none that could be a surrogate half. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...',;.|&=+% []{}"/?#~1aä€😀'),
      fc.string({ unit: 'grapheme', maxLength: 2 }),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(''))
  .filter((value) => value !== '' && value.isWellFormed());
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);

/** Some services find a delimiter in what it means: refused, as only one value fits this schema. */
const DIVISIBLE = /[,;=]/;
/** Some services trim what they have divided: the same. */
const PADDED = /(?:^|[,;=.|])[\s\p{Cc}\p{Cf}\p{Z}]|[\s\p{Cc}\p{Cf}\p{Z}](?:$|[,;=.|])/u;
const RULES: Readonly<Record<string, RegExp>> = { delimiter: DIVISIBLE, blanks: PADDED };

function accepts(writer: Writer, schema: object, wire: string, texts: readonly unknown[]): void {
  const operation = openOperation(
    {
      parameters: [
        {
          name: 'p',
          in: writer.in,
          required: true,
          style: writer.style,
          explode: writer.explode,
          schema,
        },
      ],
    },
    { path: writer.in === 'path' ? '/x/{p}' : '/x' },
  );
  const request = writer.in === 'path' ? { pathValues: [wire] } : { query: wire };
  const found = told(operation.checkParameters(parts(request)));
  const cause = RULES[found.slice(`${writer.in} p `.length)];
  const isCaused = texts.some((text) => cause?.test(String(text)));
  if (!isCaused) assert.equal(found, '', wire);
}

for (const writer of writers) {
  const name = `${writer.in}, ${writer.style}${writer.explode ? ', exploded' : ''}`;
  const fits = (value: unknown) => !writer.reserved.test(String(value));

  test(`what clients write is what is read: ${name}`, () => {
    const items = fc.oneof(
      fc.record({
        type: fc.constant('string'),
        values: fc.array(text.filter(fits), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        type: fc.constant('number'),
        values: fc.array(number.filter(fits), { minLength: 1, maxLength: 4 }),
      }),
    );
    const { writeList, writeObject } = writer;
    if (writeList !== undefined) {
      fc.assert(
        fc.property(items, ({ type, values }) => {
          accepts(
            writer,
            { type: 'array', items: { type }, const: values },
            writeList(values),
            values,
          );
        }),
        { numRuns: 60 },
      );
    }
    if (writeObject !== undefined) {
      const key = text.filter((value) => fits(value));
      fc.assert(
        fc.property(
          fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
          items,
          (keys, { type, values }) => {
            const entries = keys.map(
              (name, index) => [name, values[index % values.length]] as const,
            );
            const properties = Object.fromEntries(keys.map((name) => [name, { type }]));
            const schema = { type: 'object', properties, const: Object.fromEntries(entries) };
            accepts(writer, schema, writeObject(entries), entries.flat());
          },
        ),
        { numRuns: 60 },
      );
    }
  });
}

test('what clients write is what is read: headers', () => {
  const token = fc.stringMatching(/^[!-+\--~]([ -+\--~]{0,5}[!-+\--~])?$/);
  fc.assert(
    fc.property(
      fc.array(token, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (values, repeated) => {
        const schema = { type: 'array', items: { type: 'string' }, const: values };
        const operation = openOperation({ parameters: [{ name: 'X-P', in: 'header', schema }] });
        const flat = repeated
          ? values.flatMap((value) => ['x-p', value])
          : ['x-p', values.join(', ')];
        assert.equal(told(operation.checkParameters(parts({ headers: headers(...flat) }))), '');
      },
    ),
  );
});
