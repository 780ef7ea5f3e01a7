import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactNumber } from '../../json/index.ts';
import { processorMs } from '../../processor-time.fixture.ts';
import { formatCheck } from './index.ts';
import { decodePunycode, encodePunycode } from './punycode.ts';

const cases: Record<string, [valid: string[], invalid: string[]]> = {
  'date-time': [
    [
      '2024-02-29T23:59:59Z',
      '1985-04-12t23:20:50.52z',
      '1990-12-31T15:59:60-08:00',
      '0000-01-01T00:00:00+23:59',
    ],
    [
      '2023-02-29T00:00:00Z',
      '2024-01-01 00:00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01T24:00:00Z',
      '2024-01-01T12:00:60Z',
      '2024-01-01T00:00:00+24:00',
      '২024-01-01T00:00:00Z',
      '2024-01-01T00:00:00.Z',
      '12024-01-01T00:00:00Z',
    ],
  ],
  date: [
    ['2000-02-29'],
    ['1900-02-29', '2024-13-01', '2024-00-01', '2024-01-32', '2024-1-1', '20240101', '2024-06-31'],
  ],
  time: [
    ['12:00:00Z', '23:59:60Z', '00:29:60+00:30'],
    ['12:00:00', '12:00Z', '22:59:60Z', '12:00:00+0100', '12:60:00Z'],
  ],
  duration: [
    ['P1Y2M3DT4H5M6S', 'PT36H', 'P4W', 'P1D', 'P1Y2M'],
    ['P', 'PT', 'P1', '1D', 'P1DT', 'P1Y1D', 'P1W1D', 'PT1H1S', 'P0.5D', 'P1S', 'p1d', '-P1D'],
  ],
  email: [
    ['a.b+c@example.org', '"a b"@x.org', 'a@[127.0.0.1]', 'a@[IPv6:::1]', "o'x@example.org"],
    [
      'a',
      '@b.c',
      'a@',
      '.a@b.c',
      'a.@b.c',
      'a..b@c.d',
      'a b@c.d',
      'a@b c',
      'ä@b.c',
      'a@[300.0.0.1]',
      'a@-b.c',
      `${'a'.repeat(65)}@b.c`,
    ],
  ],
  'idn-email': [
    ['ä@bücher.example', 'a@b.c'],
    ['ä', 'a@\u302e'],
  ],
  hostname: [
    ['a', 'example.org', 'xn--bcher-kva.example', '1a.b', `${'a'.repeat(63)}.b`],
    [
      '',
      '-a',
      'a-',
      'a_b',
      '.a',
      'a.',
      'a..b',
      `${'a'.repeat(64)}`,
      'xn--x',
      'ab--cd',
      'bücher.example',
      `${'a.'.repeat(127)}`,
    ],
  ],
  'idn-hostname': [
    ['bücher.example', '실례.테스트', 'l·l', 'α͵β', 'א׳ב', 'カ・ナ'],
    ['-ü', 'ü-', 'a·l', '͵S', '〮ü', 'ب٠۰', 'ü'.repeat(64), '\u0300ü', 'ａ'],
  ],
  ipv4: [
    ['0.0.0.0', '255.255.255.255'],
    [
      '256.0.0.1',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.4.',
      '0x7f.0.0.1',
      '1.2.3.4 ',
      '2130706433',
    ],
  ],
  ipv6: [
    [
      '::',
      '::1',
      '1::',
      '1:2:3:4:5:6:7:8',
      '1::8',
      '::ffff:1.2.3.4',
      '1:2:3:4:5:6:1.2.3.4',
      'FE80::a',
      '1:2:3:4:5:6:7::',
    ],
    [
      '',
      ':',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      ':::',
      '12345::',
      '::1%eth0',
      '::1/64',
      '1.2.3.4::',
      '::1.2.3',
      '1:2:3:4:5:6:7:1.2.3.4',
      '1:2:3:4::5:6:7:8',
      ':1:2:3:4:5:6:7',
      '::g',
    ],
  ],
  uri: [
    [
      'http://a/b?c#d',
      'urn:a:b',
      'mailto:a@b',
      'http://[::1]:80/',
      'http://[v1.a]/',
      'a:',
      'http://a@b:80',
      'http://%61',
      'file:///a',
    ],
    [
      '//a',
      'a',
      '',
      'http://a b',
      'http://[::1',
      'http://a/\\',
      'http://a/<b>',
      '1a:b',
      'http://a:b:c',
      'http://%zz',
      'http://ä',
      'http://a/"b"',
      ':a',
    ],
  ],
  'uri-reference': [
    ['', '//a', 'a/b', '#a', '?a', '../a', './a:b'],
    ['a b', '\\a', '#a#b', '1a:b', '%'],
  ],
  iri: [
    ['http://ä/ö?ü#ß', 'http://a/😀'],
    ['ä', 'http://a b', 'http://\ufdd0'],
  ],
  'iri-reference': [
    ['ä/ö', '#ß'],
    ['\\ä', '#ä#ö'],
  ],
  'uri-template': [
    ['', 'http://a/{b}', '{+a,b*,c:3}', '{?a.b}', '{#x}', '{%41}', 'ä{b}'],
    [
      '{',
      '}',
      '{}',
      '{a',
      'a}',
      '{a:0}',
      '{a:10000}',
      '{a*:3}',
      '{=a}',
      '{a b}',
      '{a,}',
      '<a>',
      '%',
      '{{a}}',
      '{.}',
    ],
  ],
  uuid: [
    ['2EB8AA08-aa98-11ea-b4aa-73b441d16380', '00000000-0000-0000-0000-000000000000'],
    [
      '2eb8aa08aa9811eab4aa73b441d16380',
      '{2EB8AA08-aa98-11ea-b4aa-73b441d16380}',
      '2eb8aa08-aa98-11ea-b4aa-73b441d1638g',
    ],
  ],
  'json-pointer': [
    ['', '/', '/a~0b~1c', '//', '/ä'],
    ['a', '#/a', '/~', '/~2', '/a~'],
  ],
  'relative-json-pointer': [
    ['0', '1/a', '2#', '0/'],
    ['', '-1', '01', '+1', '1a', '1#/a', '/a', '1##'],
  ],
  regex: [
    ['a+', '^\\p{L}$', '(?<n>a)\\k<n>'],
    ['[', '(?', '\\a', 'a{2,1}', '\\_'],
  ],
  byte: [
    ['', 'YQ==', 'YWI=', 'YWJj'],
    ['YQ', 'YQ=', 'Y', 'YQ==\n', 'YW-j', '====', 'Y==='],
  ],
  base64url: [
    ['', 'YQ', 'YQ==', 'YW-_'],
    ['Y', 'YW+j', 'YQ=', 'YQ= ='],
  ],
};

for (const [format, [valid, invalid]] of Object.entries(cases)) {
  test(`${format} follows its RFC`, () => {
    const check = formatCheck(format)!.string!;
    for (const text of valid) assert.ok(check(text), `refused ${JSON.stringify(text)}`);
    for (const text of invalid) assert.ok(!check(text), `accepted ${JSON.stringify(text)}`);
  });
}

test('number formats are exact at their bounds and judge numbers only', () => {
  const d = (text: string) => new ExactNumber(text);
  const numbers: Record<string, [(number | ExactNumber)[], (number | ExactNumber)[]]> = {
    int8: [
      [-128, 127],
      [-129, 128, 1.5],
    ],
    int16: [[-32768, 32767], [32768]],
    int32: [
      [-2147483648, 2147483647, -0],
      [2147483648, 1.5, d('9007199254740993'), d('1.00000000000000000001')],
    ],
    int64: [
      [d('9223372036854775807'), d('-9223372036854775808'), 1],
      [d('9223372036854775808'), d('-9223372036854775809'), 1e19, 0.5],
    ],
    uint8: [
      [0, 255],
      [-1, 256],
    ],
    uint16: [[65535], [65536]],
    uint32: [[4294967295], [4294967296, -1]],
    uint64: [[d('18446744073709551615')], [d('18446744073709551617'), -1]],
    'double-int': [[9007199254740991], [9007199254740992, d('9007199254740993')]],
    float: [
      [0.1, 3.4e38, d('0.1000000000000000055')],
      [3.5e38, d('1e400')],
    ],
    double: [
      [1.7976931348623157e308, d('1e-400')],
      [d('1e400'), d('-1e400')],
    ],
  };
  for (const [format, [valid, invalid]] of Object.entries(numbers)) {
    const { number, string } = formatCheck(format)!;
    assert.equal(string, undefined);
    for (const value of valid)
      assert.ok(number!(value), `${format} refused ${JSON.stringify(value)}`);
    for (const value of invalid)
      assert.ok(!number!(value), `${format} accepted ${JSON.stringify(value)}`);
  }
});

test('unknown formats and annotations judge nothing', () => {
  for (const name of ['password', 'binary', 'decimal', 'iban', '__proto__', 'constructor']) {
    assert.equal(formatCheck(name), undefined);
  }
});

test('punycode decodes what it encodes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), (label) => {
      fc.pre(/[^\0-\x7f]/.test(label) && label.isWellFormed());
      assert.equal(decodePunycode(encodePunycode(label)), label);
    }),
  );
});

test('no format throws, or slows down, whatever the text', () => {
  const texts = [
    ...[
      'a',
      '.',
      '-',
      ':',
      '/',
      '{a}',
      '%41',
      '1',
      '@',
      '"',
      'ü',
      '\u0300',
      '\u200d',
      'xn--',
      '~0',
      'P1Y',
    ],
  ].map((part) => part.repeat(100_000));
  for (const format of Object.keys(cases)) {
    for (const text of [...texts, '\ud800', '\ud800@\udc00', 'xn--\ud800']) {
      const usedMs = processorMs(() => formatCheck(format)!.string!(text));
      assert.ok(usedMs < 500, `${format} on ${text.slice(0, 8)}…: ${usedMs}`);
    }
  }
});
