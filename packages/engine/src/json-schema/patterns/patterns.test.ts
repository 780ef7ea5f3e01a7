import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegExpParser } from '@eslint-community/regexpp';
import fc from 'fast-check';
import { processorMs } from '../../processor-time.fixture.ts';
import { judgePattern } from './judge-pattern.ts';
import { openMatcher } from './matcher.ts';
import { PatternTooLarge, writeProgram } from './program.ts';
import { PatternWorkExceeded } from './work.ts';

const parser = new RegExpParser({ ecmaVersion: 2025 });

function automaton(source: string) {
  const ast = parser.parsePattern(source, 0, source.length, { unicode: true });
  return openMatcher({ kind: 'automaton', program: writeProgram(ast) });
}

/** Null for a pattern that repeats too much: it is refused, and nothing is said about texts. */
function automatonWithinBounds(source: string) {
  try {
    return automaton(source);
  } catch (fault) {
    if (fault instanceof PatternTooLarge) return null;
    throw fault;
  }
}

const kindOf = (source: string) => judgePattern(source).spec.kind;

test('everyday patterns are proven linear and run natively', () => {
  const proven = [
    '^[a-z]{2,5}$',
    '^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    '^(foo|bar)$',
    '^[^@]+@[^@]+$',
    '^x-',
    '[a-z]',
    '^$',
    '^\\S+$',
    '^(?:[a-z]+,)*$',
    '^a$|^b$',
    '^(\\d{2}){3}$',
    '^[0-9]{6,6}[0-9A-Z]?$',
    '^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$',
    '^.{1,100000}$',
    '',
  ];
  for (const source of proven) assert.equal(kindOf(source), 'native', source);
});

test('whatever could backtrack runs on the automaton', () => {
  const unproven = [
    '^(a+)+$',
    '(a|a)*$',
    '^(a|a)*$',
    '^(.*a){20}$',
    '(x+x+)+y',
    'a*a*b',
    '[a-z]+[0-9]',
    '^(a?){30}a{30}$',
    '^(a*)*$',
    '^([0-9]{1,2}){1,30}$',
    '^(|a|)+$',
    '^[\\s\\S]*foo',
    '^(\\w+\\s?)*$',
    '^\\p{L}+\\p{N}*$',
    '^(?=.*[A-Z])(?!.*\\s).{8,}$',
  ];
  for (const source of unproven) assert.equal(kindOf(source), 'automaton', source);
});

test('hostile patterns on hostile text stay linear', () => {
  const attacks: [string, string, string][] = [
    ['^(a+)+$', 'a', '!'],
    ['(a|a)*$', 'a', '!'],
    ['^(.*a){20}$', 'a', '\n'],
    ['(x+x+)+y', 'x', ''],
    ['a*a*b', 'a', ''],
    ['^(?=(a+)+$).*', 'a', '!'],
    ['(?<=a+b)c', 'a', ''],
    ['(?:(?=a*b)a)*c', 'a', ''],
    ['^(\\w+\\s?)*$', 'word ', '!'],
    ['([a-z]{1,60}){1,60}!', 'ab', '?'],
    ['^[^@]+@[^@]+$', 'a', ''],
    ['(.+)+\\p{Lu}', 'äöü', ''],
  ];
  for (const [source, fill, end] of attacks) {
    const matcher = openMatcher(judgePattern(source).spec);
    const text = fill.repeat(Math.ceil(100_000 / fill.length)) + end;
    const usedMs = processorMs(() => matcher.test(text));
    assert.ok(usedMs < 1000, `${source}: ${usedMs.toFixed(0)} ms for 100 KB`);
  }
});

test('patterns with very many places at once stay within a bound for each character', () => {
  const attacks: [string, string][] = [
    ['.*foo.{0,2000}bar', 'foo'],
    ['[ab]*a[ab]{2500}c', 'ab'],
    ['(a|b)*a(a|b){12}c', 'aababbbab'],
    ['^(?=.*x).{8,2500}$', 'xyz'],
  ];
  for (const [source, fill] of attacks) {
    const { spec } = judgePattern(source);
    assert.equal(spec.kind, 'automaton');
    const text = fill.repeat(Math.ceil(10_000 / fill.length));
    const usedMs = processorMs(() => openMatcher(spec).test(text));
    assert.ok(usedMs < 2000, `${source}: ${usedMs.toFixed(0)} ms for 10 KB`);
    const moreMs = processorMs(() => {
      try {
        openMatcher(spec).test(text.repeat(100));
      } catch (fault) {
        assert.ok(fault instanceof PatternWorkExceeded);
      }
    });
    assert.ok(moreMs < 5000, `${source}: no end on 1 MB`);
  }
});

test('repetitions that would fill the memory are refused', () => {
  for (const source of [
    '^(a{1,1000}){1,1000}$',
    '^((a{0,99}){0,99}){0,99}$',
    '^(ab?|ac){2,2000000000}$',
    '((((((){64}){64}){64}){64}){64}){64}',
  ]) {
    const { spec, notes } = judgePattern(source);
    assert.equal(spec.kind, 'never', source);
    assert.equal(notes[0]?.severity, 'error');
  }
});

test('a count of thousands at the open end of a pattern does not refuse the description', () => {
  const rows: [source: string, fits: string[], not: string[]][] = [
    ['\\S{1,8192}', ['a', ' a', 'a'.repeat(9_000)], ['', '  ']],
    ['[\\P{M}\\p{M}]{0,10000}', ['', 'a'], []],
    ['x?\\d{3,9000}', ['123', 'a1234'], ['12', 'x12']],
    ['(a|bc){2,5000}', ['aa', 'xbcbcx'], ['a', 'bcx', 'abx']],
    ['a{1,9000}|^b$', ['xax', 'b'], ['', 'bb']],
    ['k:(?:[a-z]|\\/){1,1011}', ['k:a', 'k:/'], ['k:', 'k:1']],
    ['^\\p{ASCII}{0,8192}$', ['', 'a', '~'.repeat(8_192)], ['é', '~'.repeat(8_193)]],
  ];
  for (const [source, fits, not] of rows) {
    const { spec, notes } = judgePattern(source);
    assert.deepEqual(notes, [], source);
    const matcher = openMatcher(spec);
    for (const text of fits)
      assert.equal(matcher.test(text), true, `${source} ${text.slice(0, 20)}`);
    for (const text of not)
      assert.equal(matcher.test(text), false, `${source} ${text.slice(0, 20)}`);
  }
  // What follows the repetition decides with it: nothing is left out.
  assert.equal(kindOf('\\S{1,8192}\\s\\S{1,8192}$'), 'never');
});

test('back-references are refused, look-arounds of any depth are not', () => {
  assert.equal(kindOf('(a)\\1'), 'never');
  assert.equal(kindOf('(?<q>["\']).*\\k<q>'), 'never');
  assert.equal(kindOf('^(?!.*(?<!x)y)(?=a)'), 'automaton');
});

test('patterns that need no Unicode mode are read as browsers read them', () => {
  const cases: [string, string, boolean][] = [
    ['^[\\w-\\.]+$', 'a-b.c', true],
    ['^[\\w-\\.]+$', 'a b', false],
    ['^\\-?[0-9]+$', '-5', true],
    ['^a\\_b$', 'a_b', true],
    ['^{x}$', '{x}', true],
    ['^a]$', 'a]', true],
    ['^\\p{L}\\-\\p{N}$', 'é-٣', true],
    ['^\\@\\"\\#$', '@"#', true],
    ['^[\\-\\_\\.\\!\\~]+$', '-_.!~', true],
  ];
  for (const [source, text, expected] of cases) {
    const { spec, notes } = judgePattern(source);
    assert.deepEqual(
      notes.map((note) => note.severity),
      ['warning'],
      source,
    );
    assert.equal(openMatcher(spec).test(text), expected, `${source} on ${text}`);
  }
});

test('notations of other engines are refused with advice', () => {
  for (const source of [
    ...['(?x)a b', '(?U)a', '(?i-x)a', 'a(?n)b', '[[:^alpha:]]'],
    ...[
      '[[:what:]]',
      '(?>a)b',
      'a++',
      '[a-z]*+b',
      '\\h',
      '[\\h]',
      '\\Qa.b\\E',
      '(?!a\\Z)b',
      '(?P<n>a)(?P=n)',
    ],
    '/(?x)a/',
  ]) {
    const { spec, notes } = judgePattern(source);
    assert.equal(spec.kind, 'never', source);
    assert.equal(notes[0]?.severity, 'error', source);
  }
});

test('classes as Java names them are its ASCII ones', () => {
  const rows: [source: string, fits: string[], not: string[]][] = [
    ['^\\p{Print}+$', ['a b~'], ['é', '\t', '']],
    ['^[\\p{Alnum}\\p{Blank}-]*$', ['aZ 0-', '\t'], ['é', '_']],
    ['^[^\\p{Cntrl}]$', ['é', ' '], ['\x07', '\x7f']],
    ['^\\P{Alnum}$', ['é', '_'], ['a']],
    ['\\A\\p{XDigit}{4}\\z', ['09aF'], ['09ag', '09aF0']],
    // ECMA-262 knows Upper for all scripts; beside Digit, it is Java's.
    ['^[\\p{Upper}\\p{Digit}]$', ['A', '1'], ['É', 'a']],
    ['^\\p{Upper}$', ['A', 'É'], ['a']],
    ['^\\p{Han}$', ['漢'], ['a']],
    ['^[\\p{LD} ]$', ['é', '7', ' '], ['-']],
    ['^[a*+]+$', ['a+*'], ['b']],
  ];
  for (const [source, fits, not] of rows) {
    const { spec, notes } = judgePattern(source);
    assert.deepEqual(
      notes.filter(({ severity }) => severity === 'error'),
      [],
      source,
    );
    const matcher = openMatcher(spec);
    for (const text of fits) assert.equal(matcher.test(text), true, `${source} ${text}`);
    for (const text of not) assert.equal(matcher.test(text), false, `${source} ${text}`);
  }
  // Nothing in ECMA-262 says these as exactly, and a lenient reading would say something else.
  for (const source of ['[\\p{Print}&&[^|]]+', '[\\P{Print}a]', '^a++$', '\\p{Nonsense}'])
    assert.equal(kindOf(source), 'never', source);
});

test('notations of other engines that ECMA-262 can say exactly are translated', () => {
  const cases: [source: string, accepted: string[], refused: string[]][] = [
    ['(?i)^[a-z]+$', ['ab', 'AB'], ['a1']],
    ['^(?i)ab$', ['aB'], ['xab']],
    ['(?i)^a|b$', ['Ax', 'xB'], ['xa']],
    ['(?s)^a.b$', ['a\nb'], ['ab']],
    ['(?is)^a.b$', ['A\nB'], ['ab']],
    ['(?m)a', ['xa'], ['b']],
    ['(?m)\\Aa', ['a'], ['\na']],
    ['(?m:\\Aa)', ['a'], ['\na']],
    ['(?m)^a$', ['a', 'b\na\nb'], ['ab']],
    ['(?m)^a\\z', ['b\na'], ['a\nb']],
    ['^(?i)a|b', ['A', 'xB'], ['xA']],
    ['a(?i)b', ['ab', 'aB'], ['Ab']],
    ['^(a(?i)b|c)d$', ['aBd', 'Cd'], ['Abd', 'aBD']],
    ['^a(?i)b(?-i)c$', ['aBc'], ['aBC']],
    ['^(?u)a$', ['a'], ['A']],
    ['(?i)^[(?i)]\\(x$', ['((x', 'I(X'], ['(x']],
    ['(?i)^[\\w-\\.]+$', ['A-.'], ['a b']],
    ['\\A[a-z]+\\z', ['ab'], ['ab\n', 'a1', '\nab']],
    ['\\Aab\\Z', ['ab'], ['ab\n', 'xab']],
    ['^(\\Aa\\z)$', ['a'], ['b']],
    ['^[[:alpha:]_]+$', ['aZ_'], ['a1', 'é', '[']],
    ['^[^[:space:]]+$', ['ab'], ['a b', 'a\tb']],
    ['^[[:upper:][:digit:]-]+$', ['A1-'], ['a']],
    ['^[[:punct:]]$', ['!', '~', '\\', ']'], ['a', ' ']],
    ['^(?P<year>\\d{4})$', ['2024'], ['24']],
    ['^\\pL+$', ['é'], ['1', '+']],
    ['/^[a-z]+$/', ['ab'], ['a1', '/ab/']],
    ['/^[a-z]+$/i', ['AB'], ['a1']],
    ['/^a\\/b$|^c$/u', ['a/b', 'c'], ['d']],
    ['/^\\Aa$/', ['a'], ['b']],
  ];
  for (const [source, accepted, refused] of cases) {
    const { spec, notes } = judgePattern(source);
    assert.ok(notes.length > 0 && notes.every((note) => note.severity === 'warning'), source);
    const matcher = openMatcher(spec);
    for (const text of accepted) assert.equal(matcher.test(text), true, `${source} on ${text}`);
    for (const text of refused) assert.equal(matcher.test(text), false, `${source} on ${text}`);
  }
});

test('slashes around what is not anchored at both ends are text', () => {
  for (const source of ['/^abc/', '/^abc\\$/', '/^abc$/m', '/abc/']) {
    const matcher = openMatcher(judgePattern(source).spec);
    assert.equal(matcher.test('abc'), false, source);
  }
});

test('the automaton agrees with the native engine, construct by construct', () => {
  const sources = [
    ...['', 'a', '^', '$', '^$', 'a|', '|a', '(|a)+b', '(?:a|b)*c', 'a{2,3}b', 'a{0}b', 'a{2,}$'],
    ...[
      '\\bfoo\\b',
      '\\Boo',
      '\\b',
      '^\\b',
      '(?i:\\bK)',
      '(?i:k)',
      '(?i:[a-c])d',
      '(?s:.)b',
      '(?-i:a)',
    ],
    ...['(?m:^b$)', '(?m:a$)', 'a.b', '[^a]', '[^]', '[]', '\\s', '\\S\\s', '\\w\\W', '\\d\\D'],
    ...[
      '\\p{L}',
      '\\P{L}',
      '[\\p{Lu}\\d]',
      '\\u{1F600}',
      '\\ud83d\\ude00',
      '^.$',
      '^..$',
      '\\cA',
      '\\0',
      '\\x61',
    ],
    ...[
      '(?=a)b',
      '(?=a)a',
      'a(?!b)',
      '(?<=a)b',
      '(?<!a)b',
      '(?<=^a)b',
      '(?<=\\bfoo)o',
      '(?=.*b).*a$',
    ],
    ...[
      '(?!a|b)c',
      '(?<=(?<!b)a)c',
      '(?=(?<=a)b)',
      '(?:(?=b)b|a)+$',

      '(?<!(?!a).)b',
      '(?=$)',
      '(?=ab?$)',
    ],
  ];
  const alphabet = [
    'a',
    'b',
    'c',
    'o',
    'f',
    'k',
    'K',
    'K',
    'ſ',
    ' ',
    '\n',
    '1',
    '_',
    'é',
    '😀',
    '\ud83d',
    '\u0000',
    '\u0001',
  ];
  const texts = fc
    .array(fc.constantFrom(...alphabet), { maxLength: 8 })
    .map((parts) => parts.join(''));
  for (const source of sources) {
    const ours = automaton(source);
    const native = new RegExp(source, 'u');
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(ours.test(text), native.test(text), `/${source}/ on ${JSON.stringify(text)}`);
      }),
      { numRuns: 150 },
    );
  }
});

test('the automaton agrees with the native engine on composed patterns', () => {
  const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '\\b', '^', '$', '\\w', '');
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      atom,
      fc.tuple(tie('pattern'), tie('pattern')).map(([l, r]) => `${l}${r}`),
      fc.tuple(tie('pattern'), tie('pattern')).map(([l, r]) => `(?:${l}|${r})`),
      fc
        .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?'))
        .map(([p, q]) => `(?:${p})${q}`),
      fc
        .tuple(fc.constantFrom('?=', '?!', '?<=', '?<!'), tie('pattern'))
        .map(([k, p]) => `(${k}${p})`),
    ),
  }));
  const texts = fc.stringMatching(/^[abc \n]{0,7}$/);
  fc.assert(
    fc.property(pattern, fc.array(texts, { minLength: 5, maxLength: 5 }), (source, samples) => {
      fc.pre(source.length < 60);
      const native = new RegExp(source, 'u');
      const ours = automatonWithinBounds(source);
      fc.pre(ours !== null);
      const judged = openMatcher(judgePattern(source).spec);
      for (const text of samples) {
        const expected = native.test(text);
        assert.equal(ours.test(text), expected, `/${source}/ on ${JSON.stringify(text)}`);
        assert.equal(judged.test(text), expected, `judged /${source}/ on ${JSON.stringify(text)}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('a pattern that runs natively says of characters beyond U+FFFF what the automaton says', () => {
  const atom = fc.constantFrom(
    ...['a', 'b', '[ab]', '[^a]', '.', '\\w', '\\W', '\\S', '\\d', '\\D', '[^]', '[\\W]', '[^\\w]'],
    ...['[^\\x00-\\x7f]', '[\\s\\S]', '😀', '[😀a]', '[^😀]', '\\u{1F600}', '\\p{L}', '[\\p{L}]'],
    ...[
      '[\\u{10000}-\\u{10ffff}a]',
      '[\\ud800-\\udfff]',
      '[^\\ud800-\\udbff]',
      '\\ud83d',
      '\\ude00',
    ],
  );
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      atom,
      fc.tuple(tie('pattern'), tie('pattern')).map(([l, r]) => `${l}${r}`),
      fc.tuple(tie('pattern'), tie('pattern')).map(([l, r]) => `(?:${l}|${r})`),
      fc
        .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}'))
        .map(([p, q]) => `(?:${p})${q}`),
    ),
  }));
  const edged = fc
    .tuple(fc.constantFrom('', '^'), pattern, fc.constantFrom('', '$'))
    .map((parts) => parts.join(''));
  const sources = fc.oneof(
    edged,
    fc.tuple(edged, edged).map((two) => two.join('|')),
  );
  const unit = fc.constantFrom(
    'a',
    'b',
    '😀',
    '𐐀',
    '\ud83d',
    '\ude00',
    'é',
    '\uffff',
    '\u{10ffff}',
    '1',
  );
  const texts = fc.array(unit, { maxLength: 5 }).map((units) => units.join(''));
  fc.assert(
    fc.property(sources, fc.array(texts, { minLength: 8, maxLength: 8 }), (source, samples) => {
      const { spec } = judgePattern(source);
      fc.pre(spec.kind === 'native');
      const native = openMatcher(spec);
      const ours = automaton(source);
      for (const text of samples) {
        assert.equal(native.test(text), ours.test(text), `/${source}/ on ${JSON.stringify(text)}`);
      }
    }),
    { numRuns: 3000, maxSkipsPerRun: 1000 },
  );
});

test('a forbidden ending is found beyond U+FFFF, whatever notation the class is in', () => {
  for (const [source, text] of [
    ['[^A-Za-z0-9]$', 'pay😀'],
    ['[^a]$', 'b😀'],
    ['[\\W]$', '😀'],
    ['[\\p{S}]$', 'x😀'],
    ['(?:x|[^y])$', '😀'],
    ['^b$|[^a]$', 'b😀'],
    ['[^a]{2}$', '😀😀'],
    ['[^a]?[^b]$', 'x😀'],
    ['(?=[^a]$).', '😀'],
    ['(?i:[^a])$', '😀'],
  ] as const) {
    assert.equal(openMatcher(judgePattern(source).spec).test(text), true, source);
  }
});
