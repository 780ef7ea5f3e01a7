import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readReturnPath } from './return-path.ts';

const PAGE = 'https://app.bank.example';

test('a path of the page is one, with its query and its fragment', () => {
  for (const path of [
    '/',
    '/a',
    '/a/b?c=d&e=%2F%2Fevil#f',
    '/?//evil',
    '/a//b',
    '/#/route',
    '/%2F',
  ]) {
    assert.equal(readReturnPath(path, PAGE), path);
  }
});

test('nobody is led elsewhere after signing in: what browsers read as another place is refused', () => {
  for (const path of [
    ...[
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\/evil.example',
      '\\\\evil.example',
    ],
    ...['https://evil.example', 'https:evil.example', 'javascript:alert(1)', 'data:text/html,x'],
    ...[
      '/\t/evil.example',
      '\t//evil.example',
      '/\n/evil.example',
      '/\r/evil',
      '\0//evil',
      ' //evil',
    ],
    ...[
      '',
      'a',
      '.',
      '..',
      './/evil.example',
      '@evil.example',
      '?a',
      '#a',
      '/a b',
      '/é',
      '/a\u2028',
    ],
    ...['/../evil', '/a/../../evil', '/./a', '/%2e%2e/a', '/a/%2E/b', '/.//evil.example'],
    ...[`${PAGE}/a`, `${PAGE}.evil.example/`, '/a\u007f', `/${'a'.repeat(2_000)}`],
  ]) {
    assert.equal(readReturnPath(path, PAGE), null, JSON.stringify(path));
  }
});

test('signing in leads to no signing in', () => {
  for (const path of ['/.poorter', '/.poorter/app/client_1/sign-in', '/.poorter/app/x/sign-out']) {
    assert.equal(readReturnPath(path, PAGE), null, path);
  }
  assert.equal(readReturnPath('/.poorters', PAGE), '/.poorters');
});

test('whatever is accepted stays on the page, under any page and beside anything that stands before it', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '\t',
    '\n',
    '@',
    ':',
    '?',
    '#',
    'evil.example',
    'https:',
    ' ',
    'é',
    '\0',
  );
  const texts = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.string(),
  );
  const pages = fc.constantFrom(PAGE, 'https://api.bank.example:8443', 'http://localhost:8080');
  fc.assert(
    fc.property(texts, pages, (text, page) => {
      const path = readReturnPath(text, page);
      if (path === null) return;
      assert.equal(path, text);
      assert.equal(new URL(path, page).origin, page);
      // As it is written into Location, behind the origin.
      const location = new URL(`${page}${path}`);
      assert.equal(location.origin, page);
      assert.equal(location.href, `${page}${path}`);
    }),
    { numRuns: 5_000 },
  );
});
