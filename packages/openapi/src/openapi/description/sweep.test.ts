import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, readExtension } from '../testing.fixture.ts';
import type { ApiCompilation, CompiledApi } from '../types.ts';
import {
  describeEverything,
  ENFORCING_SAMPLES,
  type FieldType,
  fieldType,
  isInSchema,
  isNameMap,
  kindAt,
  mustResolve,
  nodesOf,
  type Path,
  valueAt,
  without,
  withValueAt,
} from './sweep.fixture.ts';

/**
 * What could carry protection is never dropped with a warning. Every object and every field of a
 * description that uses all of them is, in turn, replaced by a reference, misspelt, moved and given
 * another type. Each time the start must be refused, or the same calls must pass as before, or the
 * field must be one that changes nothing when it is deleted.
 */

const VERSIONS = ['3.0.4', '3.1.1'] as const;

for (const version of VERSIONS) {
  const whole = describeEverything(version);
  const meant = fingerprint(compile(whole));
  const deleted = new Map<string, string>();

  /** What is enforced of the description without this field. */
  const withoutField = (path: Path): string => {
    const key = JSON.stringify(path);
    let known = deleted.get(key);
    if (known === undefined) deleted.set(key, (known = fingerprint(compile(without(whole, path)))));
    return known;
  };
  const emptied = (path: Path): string[] => [
    withoutField(path),
    fingerprint(compile(withValueAt(whole, path, {}))),
  ];
  const isIrrelevant = (path: Path): boolean => withoutField(path) === meant;

  test(`${version}: the description of everything is served without a remark of weight`, () => {
    const compilation = compile(whole);
    assert.ok(compilation.ok, JSON.stringify(compilation));
    assert.deepEqual(compilation.warnings.map(({ code }) => code).sort(), []);
  });

  test(`${version}: a reference is followed, or stops the start, wherever it stands`, () => {
    const lost: string[] = [];
    for (const path of nodesOf(whole)) {
      if (path.length === 0) continue;
      const part = JSON.stringify(valueAt(whole, path));
      const document = withValueAt(whole, path, { $ref: './part.json' });
      const compilation = compile(document, {
        files: { 'file:///api/part.json': part },
        readExtension,
      });
      const found = fingerprint(compilation);
      // Within a schema, a reference makes a unit of its own.
      const isSchema = isInSchema(path) || kindAt(path) === 'schema';
      const isFollowed = isSchema ? found !== withoutField(path) : found === meant;
      if (mustResolve(path, whole) && !isFollowed)
        lost.push(`not followed: ${told(path, compilation)}`);
      if (compilation.ok && !isFollowed && !isIrrelevant(path)) lost.push(told(path, compilation));
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: a reference that leads nowhere, or is none, stops the start`, () => {
    const lost: string[] = [];
    for (const path of nodesOf(whole)) {
      if (path.length === 0 || isIrrelevant(path)) continue;
      for (const $ref of ['./missing.json', '#/nowhere', 5, null, ['a'], { a: 1 }]) {
        // A property may be called `$ref`.
        if (path.at(-1) === 'properties' && typeof $ref === 'object' && $ref !== null) continue;
        const compilation = compile(withValueAt(whole, path, { $ref }), { readExtension });
        if (compilation.ok) lost.push(`${JSON.stringify($ref)} ${told(path, compilation)}`);
      }
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: nothing beside a reference is lost`, () => {
    const lost: string[] = [];
    for (const path of nodesOf(whole)) {
      const value = valueAt(whole, path);
      if (path.length === 0 || !mustResolve(path, whole) || Array.isArray(value)) continue;
      for (const key of Object.keys(value as object)) {
        const { [key]: kept, ...rest } = value as Record<string, unknown>;
        const document = withValueAt(whole, path, { $ref: './part.json', [key]: kept });
        const files = { 'file:///api/part.json': JSON.stringify(rest) };
        const compilation = compile(document, { files, readExtension });
        const isLost = fingerprint(compilation) === withoutField([...path, key]);
        if (compilation.ok && isLost && !isIrrelevant([...path, key])) {
          lost.push(told([...path, key], compilation));
        }
      }
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: a misspelt field stops the start`, () => {
    const lost: string[] = [];
    for (const { path, key, holder } of fieldsOf(whole)) {
      if (isIrrelevant([...path, key])) continue;
      for (const slip of slipsOf(key)) {
        if (Object.hasOwn(holder, slip)) continue;
        const renamed = Object.fromEntries(
          Object.entries(holder).map(([name, value]) => [name === key ? slip : name, value]),
        );
        const compilation = compile(withValueAt(whole, path, renamed));
        if (compilation.ok && fingerprint(compilation) !== meant) {
          lost.push(`${slip}: ${told([...path, key], compilation)}`);
        }
      }
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: a field in another object than its own stops the start, or is enforced`, () => {
    const lost: string[] = [];
    for (const path of nodesOf(whole)) {
      const holder = valueAt(whole, path);
      const kind = kindAt(path);
      if (kind === undefined || Array.isArray(holder)) continue;
      for (const [field, sample, harmlessIn] of ENFORCING_SAMPLES) {
        if (Object.hasOwn(holder as object, field) || harmlessIn.includes(kind)) continue;
        const document = withValueAt(whole, path, { ...(holder as object), [field]: sample });
        const compilation = compile(document);
        if (compilation.ok && fingerprint(compilation) === meant) {
          lost.push(`${field}: ${told(path, compilation)}`);
        }
      }
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: a field of another type stops the start`, () => {
    const lost: string[] = [];
    for (const { path, key } of fieldsOf(whole)) {
      const at = [...path, key];
      const type = fieldType(path, key);
      if (type === undefined || isIrrelevant(at)) continue;
      for (const wrong of WRONG[type]) {
        const compilation = compile(withValueAt(whole, at, wrong));
        if (!compilation.ok) continue;
        const found = fingerprint(compilation);
        // An empty key carries nothing; `security:` would open the door.
        const isEmpty = wrong === null && key !== 'security' && emptied(at).includes(found);
        if (found !== meant && !isEmpty)
          lost.push(`${JSON.stringify(wrong)} ${told(at, compilation)}`);
      }
    }
    assert.deepEqual(lost, []);
  });

  test(`${version}: our extension in a place where it means nothing stops the start`, () => {
    const lost: string[] = [];
    const allowed = ['root', 'pathItem', 'operation'];
    for (const path of nodesOf(whole)) {
      const holder = valueAt(whole, path);
      // Examples are data.
      if (path.some((key) => key === 'example' || key === 'examples')) continue;
      if (
        Array.isArray(holder) ||
        (isNameMap(path) && !['paths', 'responses'].includes(String(path.at(-1))))
      )
        continue;
      for (const name of ['x-poorter', 'X-Poorter', 'x-porter', 'x-portter', 'x-poorter-limit']) {
        if (name === 'x-poorter' && allowed.includes(kindAt(path) ?? '')) continue;
        const document = withValueAt(whole, path, {
          ...(holder as object),
          [name]: { mode: 'observe' },
        });
        const compilation = compile(document);
        if (compilation.ok) lost.push(`${name}: ${told(path, compilation)}`);
      }
    }
    assert.deepEqual(lost, []);
  });
}

const WRONG: Readonly<Record<FieldType, readonly unknown[]>> = {
  text: [null, true, [], {}, ['a'], { a: 1 }],
  flag: [null, 'maybe', 5, [], {}, ['a'], { a: 1 }],
  number: [null, 'many', true, [], {}, { a: 1 }],
  list: [null, 5, true, '', {}, { a: 1 }],
  map: [null, 5, true, 'text', ['text'], [5], [{ a: 1 }]],
  object: [null, 5, true, 'text', ['text'], [5]],
  values: [null, {}, { a: 1 }, ''],
  schemas: [null, 5, true, ''],
  names: [null, 5, '', {}, { a: 1 }],
  schema: [null, 5, 'text', ['text'], [5]],
};

function fieldsOf(document: object) {
  return nodesOf(document).flatMap((path) => {
    const holder = valueAt(document, path);
    if (Array.isArray(holder) || isNameMap(path)) return [];
    return Object.keys(holder as object).map((key) => ({ path, key, holder: holder as object }));
  });
}

/** One letter less, more, other or swapped; another case; words joined in another way. */
function slipsOf(word: string): string[] {
  const slips = new Set<string>();
  if (word.length > 2) {
    for (let i = 0; i < word.length; i++) {
      slips.add(word.slice(0, i) + word.slice(i + 1));
      slips.add(word.slice(0, i + 1) + word.slice(i));
      if (i > 0) slips.add(word.slice(0, i - 1) + word[i] + word[i - 1] + word.slice(i + 1));
    }
  }
  slips.add(`${word}s`);
  slips.add(`${word} `);
  slips.add(`_${word}`);
  slips.add(word.toUpperCase());
  slips.add(word.charAt(0).toUpperCase() + word.slice(1));
  slips.add(word.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  slips.add(word.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  slips.delete(word);
  return [...slips];
}

/** Everything that is enforced, wherever its parts stand. */
function fingerprint(compilation: ApiCompilation): string {
  if (!compilation.ok) return 'refused';
  const { operations, securitySchemes, schemas } = compilation.api;
  // What is said to people protects nothing.
  const isSaid = (key: string) => key === 'summary' || key === 'scopeTexts';
  const text = JSON.stringify(
    [
      operations.map(({ line: _, column: __, id: ___, deprecated: ____, ...rest }) => rest),
      securitySchemes,
    ],
    (key, value) => (isSaid(key) ? undefined : value),
  );
  const addressed = Map.groupBy(Object.entries(schemas.entries), ([entry]) =>
    JSON.stringify(entry.slice(entry.indexOf('file:'))),
  );
  const settled = text.replaceAll(/"file:[^"]*"/g, (address) =>
    JSON.stringify(addressed.get(address)?.map(([entry, unit]) => [entry.split(' ')[0], unit])),
  );
  return settled + unitsOf(compilation.api).join('\n');
}

function unitsOf({ schemas }: CompiledApi): string[] {
  return Array.from({ length: schemas.units.length }, (_, index) => schemas.units.at(index) ?? '');
}

function told(path: Path, compilation: ApiCompilation): string {
  const remarks = compilation.ok ? compilation.warnings : compilation.errors;
  return `/${path.join('/')} (${remarks.map(({ code, message }) => `${code}: ${message}`).join('; ')})`;
}
