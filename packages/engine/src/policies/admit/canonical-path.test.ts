import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalTarget, type TargetFault } from './canonical-path.ts';

const strict = { allowEncodedSlash: false };
const withSlash = { allowEncodedSlash: true };

const ACCEPTED: readonly [target: string, path: string, query?: string][] = [
  ['/', '/'],
  ['/a', '/a'],
  ['/a/', '/a/'],
  ['/a/b.c', '/a/b.c'],
  ['/.a/..b', '/.a/..b'],
  ['/.a.', '/.a.'],
  ['/a;v=1/b,c', '/a;v=1/b,c'],
  ['/;', '/;'],
  ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
  // RFC 3986 §6.2.2.2: unreserved characters need no escape.
  ['/%61%7e%2D%5F', '/a~-_'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/a%20b', '/a%20b'],
  // Clients leave these as they are.
  ['/photo[1].jpg', '/photo%5B1%5D.jpg'],
  ['/a|b^c', '/a%7Cb%5Ec'],
  ['/[..]/a', '/%5B..%5D/a'],
  ['/100%25', '/100%25'],
  ['/%2541', '/%2541'],
  ['/a%2525b', '/a%2525b'],
  // Sub-delimiters keep their escapes: '%2C' is data where ',' separates.
  ['/%40a%3ab%2cc%2Bd', '/%40a%3Ab%2Cc%2Bd'],
  ['/%f0%9f%98%80', '/%F0%9F%98%80'],
  // RFC 3986 §5.2.4.
  ['/a/./b', '/a/b'],
  ['/a/b/../c', '/a/c'],
  ['/a/b/..', '/a/'],
  ['/a/.', '/a/'],
  ['/a/..', '/'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2E/b', '/a/b'],
  ['/a/.%2e/b', '/b'],
  // Runs of slashes mean one to most file systems and routers.
  ['//', '/'],
  ['//a', '/a'],
  ['/a//b///c', '/a/b/c'],
  ['/a//', '/a/'],
  ['/a//../b', '/b'],
  ['/a?', '/a', ''],
  ['/a?b=c', '/a', 'b=c'],
  ['/a?b=../c//d', '/a', 'b=../c//d'],
  ['/a?b=%2f%5c%00', '/a', 'b=%2f%5c%00'],
  ['/a??', '/a', '?'],
  ['/?[x]={y}|^`', '/', '[x]={y}|^`'],
];

for (const [target, path, query = ''] of ACCEPTED) {
  test(`${target} is read as ${path}`, () => {
    assert.deepEqual(canonicalTarget(target, strict), { ok: true, path, query });
  });
}

const REFUSED: readonly [target: string, reason: TargetFault][] = [
  ['', 'not-origin-form'],
  ['a', 'not-origin-form'],
  ['*', 'not-origin-form'],
  ['http://a/b', 'not-origin-form'],
  ['a:443', 'not-origin-form'],
  ['?a', 'not-origin-form'],
  ['\\a', 'not-origin-form'],
  ['/a#b', 'fragment'],
  ['/a?b#c', 'fragment'],
  ['/a\\b', 'character'],
  ['/a b', 'character'],
  ['/a\tb', 'character'],
  ['/a\0', 'character'],
  ['/a\x7f', 'character'],
  ['/caf\xe9', 'character'],
  ['/<a>', 'character'],
  ['/"a"', 'character'],
  ['/{a}', 'character'],
  ['/a`b', 'character'],
  ['/a?b c', 'character'],
  ['/a?b=\xe9', 'character'],
  ['/a?b=\0', 'character'],
  ['/%', 'percent-encoding'],
  ['/%4', 'percent-encoding'],
  ['/%4g', 'percent-encoding'],
  ['/%u0041', 'percent-encoding'],
  ['/a?%zz', 'percent-encoding'],
  ['/a?b=%', 'percent-encoding'],
  ['/a%2fb', 'encoded-slash'],
  ['/a%2Fb', 'encoded-slash'],
  ['/a%5cb', 'encoded-backslash'],
  ['/a%00', 'encoded-control'],
  ['/a%0d%0ab', 'encoded-control'],
  ['/a%7f', 'encoded-control'],
  // Escapes of escapes, however they are written, for whoever decodes twice.
  ['/%252f', 'percent-encoding'],
  ['/%252e%252e/', 'percent-encoding'],
  ['/%255c', 'percent-encoding'],
  ['/%2500', 'percent-encoding'],
  ['/%25%32%66', 'percent-encoding'],
  ['/%25%32e', 'percent-encoding'],
  ['/%252%66', 'percent-encoding'],
  ['/%25252f', 'percent-encoding'],
  ['/a%253bb', 'percent-encoding'],
  ['/%2525252e', 'percent-encoding'],
  ['/%25u002f', 'percent-encoding'],
  ['/%2525252541', 'percent-encoding'],
  // No UTF-8: overlong '.', '/' and '@', cut short, a surrogate, Latin-1.
  ['/%c0%ae%c0%ae/a', 'percent-encoding'],
  ['/a%c0%afb', 'percent-encoding'],
  ['/%c1%80me', 'percent-encoding'],
  ['/%e0%80%af', 'percent-encoding'],
  ['/%c3', 'percent-encoding'],
  ['/%ed%a0%80', 'percent-encoding'],
  ['/caf%e9', 'percent-encoding'],
  // Some file systems cut dots and blanks off.
  ['/...', 'dots'],
  ['/a/..../b', 'dots'],
  ['/a/..%20/b', 'dots'],
  ['/a/%20.%20', 'dots'],
  ['/a/..%C2%A0/b', 'dots'],
  ['/a/%ef%bc%8e%ef%bc%8e/b', 'dots'],
  ['/a/%ef%bc%8f..%ef%bc%8fb', 'dots'],
  ['/..', 'above-root'],
  ['/../a', 'above-root'],
  ['/a/../../b', 'above-root'],
  ['/%2e%2e/a', 'above-root'],
  ['//../a', 'above-root'],
  // Servlet containers cut ';…' off a segment before they resolve dots.
  ['/a/..;/b', 'dot-segment-parameter'],
  ['/a/..;x=1/b', 'dot-segment-parameter'],
  ['/a/.;/b', 'dot-segment-parameter'],
  ['/a/%2e%2e;/b', 'dot-segment-parameter'],
  ['/..;', 'dot-segment-parameter'],
  ['/a/..%3b/b', 'dot-segment-parameter'],
  ['/a/%2e%2e%3Bx/b', 'dot-segment-parameter'],
];

for (const [target, reason] of REFUSED) {
  test(`${JSON.stringify(target)} is refused: ${reason}`, () => {
    assert.deepEqual(canonicalTarget(target, strict), { ok: false, reason });
  });
}

test('an encoded slash stays data where the API allows it', () => {
  const target = canonicalTarget('/a%2fb/../c', withSlash);
  assert.deepEqual(target, { ok: true, path: '/c', query: '' });
});

test('an encoded slash that is data does not hide a dot segment from a service that decodes', () => {
  for (const hiding of ['/a%2f..%2fb', '/a/..%2fb', '/a%2f.', '/%2e%2e%2fa']) {
    assert.deepEqual(canonicalTarget(hiding, withSlash), { ok: false, reason: 'dots' }, hiding);
  }
});

/** Targets made of the pieces that attacks are made of. */
const piece = fc.constantFrom(
  ...['/', '//', '.', '..', '%2e', '%2E', '%2f', '%5c', '\\', '%25', '2', 'f', 'e', '%32', '%66'],
  ...[';', 'a', 'B', '%61', '%41', '%00', '%7e', '~', '%', '?', '#', ' ', '%c3%a9', ':', '@', '='],
);
const target = fc.array(piece, { maxLength: 14 }).map((pieces) => `/${pieces.join('')}`);

test('a canonical path is its own canonical form', () => {
  fc.assert(
    fc.property(target, fc.boolean(), (text, allowEncodedSlash) => {
      const options = { allowEncodedSlash };
      const once = canonicalTarget(text, options);
      if (!once.ok) return;
      assert.deepEqual(canonicalTarget(once.path, options), { ...once, query: '' });
    }),
    { numRuns: 5_000 },
  );
});

test('a canonical path holds nothing that a second reader could read as another path', () => {
  fc.assert(
    fc.property(target, (text) => {
      const read = canonicalTarget(text, strict);
      if (!read.ok) return;
      assert.match(read.path, /^\//);
      assert.doesNotMatch(read.path, /\/\//);
      assert.doesNotMatch(read.path, /\\|%2f|%5c|%00|%2e|%252f|%252e|#|\?/i);
      assert.doesNotMatch(read.path, /(?:^|\/)\.{1,2}(?:[/;]|$)/);
      assert.doesNotMatch(read.path, /%[0-9a-f]?[a-f]|%[a-f]/);
    }),
    { numRuns: 5_000 },
  );
});

test('decoding a canonical path once or twice leads to the same segments', () => {
  fc.assert(
    fc.property(target, (text) => {
      const read = canonicalTarget(text, strict);
      if (!read.ok) return;
      const segments = (path: string) => path.split('/').length;
      const decoded = read.path.replace(/%([0-9A-F]{2})/g, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      const twice = decoded.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      assert.equal(segments(decoded), segments(read.path));
      assert.equal(segments(twice), segments(read.path));
    }),
    { numRuns: 5_000 },
  );
});

test('the WHATWG URL parser agrees on every path that is accepted', () => {
  fc.assert(
    fc.property(target, (text) => {
      const read = canonicalTarget(text, strict);
      if (read.ok) assert.equal(new URL(`http://a${read.path}`).pathname, read.path);
    }),
    { numRuns: 5_000 },
  );
});
