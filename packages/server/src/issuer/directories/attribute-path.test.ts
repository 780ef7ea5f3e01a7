import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse as parseByPeer } from 'scim2-parse-filter';
import { type Filter, parseFilter, parsePatchPath } from './attribute-path.ts';
import { ScimError } from './scim-error.ts';

/** As the other library says it. */
function inWordsOfPeer(filter: Filter): unknown {
  const nameOf = ({ attribute, sub }: { attribute: string; sub: string | null }) =>
    sub === null ? attribute : `${attribute}.${sub}`;
  switch (filter.kind) {
    case 'compare':
      return { op: filter.by, attrPath: nameOf(filter.path), compValue: filter.to };
    case 'present':
      return { op: 'pr', attrPath: nameOf(filter.path) };
    case 'value':
      return {
        ...{ op: '[]', attrPath: nameOf(filter.path) },
        valFilter: inWordsOfPeer(filter.filter),
      };
    case 'not':
      return { op: 'not', filter: inWordsOfPeer(filter.filter) };
    default:
      return { op: filter.kind, filters: filter.parts.map(inWordsOfPeer) };
  }
}

const name = fc.constantFrom(
  'userName',
  'emails',
  'name.givenName',
  'x-y',
  'a_b',
  '$ref',
  'active',
);
const value = fc.oneof(
  fc.constantFrom('true', 'false', 'null', '1', '-2.5', '"a@b.c"', '"a b"', '"é😀"', '"a\\"b"'),
  fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text.replaceAll('\\', ''))),
);
const compared = fc
  .tuple(name, fc.constantFrom('eq', 'NE', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'), value)
  .map((parts) => parts.join(' '));
const simple = fc.oneof(
  compared,
  name.map((one) => `${one} pr`),
);
const filters = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simple,
    fc
      .tuple(tie('filter'), fc.constantFrom('and', 'or', 'AND'), tie('filter'))
      .map((parts) => parts.join(' ')),
    tie('filter').map((inner) => `(${inner})`),
    tie('filter').map((inner) => `not (${inner})`),
    fc.tuple(fc.constantFrom('emails', 'members'), simple).map(([of, inner]) => `${of}[${inner}]`),
  ),
})).filter;

test('what a filter means is what another reader of RFC 7644 takes it to mean', () => {
  let compared = 0;
  fc.assert(
    fc.property(filters, (text) => {
      const ours = inWordsOfPeer(parseFilter(text));
      let theirs: unknown;
      try {
        theirs = parseByPeer(text);
      } catch {
        return; // Its tokens are fewer: `$ref`, and escapes.
      }
      assert.equal(JSON.stringify(ours), JSON.stringify(theirs), text);
      compared += 1;
    }),
    { numRuns: 5_000 },
  );
  assert.ok(compared > 2_500, `${compared} were compared`);
});

test('any text is a filter or is refused with a word, and nothing else happens', () => {
  const pieces = fc.constantFrom(
    ...['(', ')', '[', ']', '"', '\\', ' ', '.', ':', 'not', 'and', 'or', 'eq', 'pr', 'userName'],
    ...['urn:ietf:params:scim:schemas:core:2.0:User:userName', '1e5', '-', '\t', '\u0000', '𝒳'],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const parse of [parseFilter, parsePatchPath]) {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof ScimError, String(error));
          assert.ok(['invalidFilter', 'invalidPath'].includes(String(error.scimType)));
        }
      }
    }),
    { numRuns: 10_000 },
  );
});

test('a text in a filter is a string of JSON: a backslash of a domain is one backslash', () => {
  assert.deepEqual(parseFilter('userName eq "CORP\\\\griet"'), {
    ...{ kind: 'compare', path: { attribute: 'userName', sub: null } },
    ...{ by: 'eq', to: 'CORP\\griet' },
  });
  assert.deepEqual((parseFilter('userName eq "\\u00e9"') as { to: unknown }).to, 'é');
  for (const wrong of ['userName eq "a', 'userName eq "\\x"', 'userName eq a', 'userName eq']) {
    assert.throws(() => parseFilter(wrong), { scimType: 'invalidFilter' }, wrong);
  }
});

test('and binds more than or, not needs brackets, and what is left over is not passed over', () => {
  const kinds = (text: string) => {
    const filter = parseFilter(text);
    return [filter.kind, ...('parts' in filter ? filter.parts.map(({ kind }) => kind) : [])];
  };
  assert.deepEqual(kinds('a eq 1 or b eq 2 and c eq 3'), ['or', 'compare', 'and']);
  assert.deepEqual(kinds('(a eq 1 or b eq 2) and c eq 3'), ['and', 'or', 'compare']);
  assert.deepEqual(kinds('not (a eq 1) and b pr'), ['and', 'not', 'present']);
  for (const wrong of [
    '',
    'a eq 1 b eq 2',
    'a eq 1)',
    '(a eq 1',
    'not a eq 1',
    'a.b.c eq 1',
    'a[b eq 1]c',
  ]) {
    assert.throws(() => parseFilter(wrong), { scimType: 'invalidFilter' }, wrong);
  }
});

test('a part behind brackets is of the same value, as Entra asks for an address of one type', () => {
  const both = 'emails[type eq "work" and value eq "a@b.example"]';
  assert.deepEqual(parseFilter('emails[type eq "work"].value eq "a@b.example"'), parseFilter(both));
  const wrong = [
    'emails[type pr].',
    'emails[type pr].value',
    'a.b[c pr].d eq 1',
    'a[b pr].c eq 1 d',
  ];
  for (const text of wrong) assert.throws(() => parseFilter(text), { scimType: 'invalidFilter' });
});

test('brackets in brackets and long texts are bounded', () => {
  const deep = (depth: number) => `${'('.repeat(depth)}a pr${')'.repeat(depth)}`;
  assert.equal(parseFilter(deep(20)).kind, 'present');
  assert.throws(() => parseFilter(deep(21)), { scimType: 'invalidFilter' });
  assert.throws(() => parseFilter(`a eq "${'x'.repeat(4_000)}"`), { scimType: 'invalidFilter' });
});

test('a path of an operation names an attribute, some of its values, and a part of them', () => {
  const urn = 'urn:ietf:params:scim:schemas:core:2.0:User';
  assert.deepEqual(parsePatchPath('emails[type eq "work"].value'), {
    path: { attribute: 'emails', sub: 'value' },
    filter: {
      ...{ kind: 'compare', path: { attribute: 'type', sub: null } },
      ...{ by: 'eq', to: 'work' },
    },
  });
  assert.deepEqual(parsePatchPath(`${urn}:name.givenName`).path, {
    ...{ attribute: `${urn}:name`, sub: 'givenName' },
  });
  for (const wrong of [
    '',
    'emails[',
    'emails[type eq "a"]value',
    'a.b[c pr].d',
    'emails[a pr]..b',
    '.a',
  ]) {
    assert.throws(() => parsePatchPath(wrong), { scimType: 'invalidPath' }, wrong);
  }
});
