import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiLowerCase, cookieName, listMembers, trimBlanks } from './blanks.ts';

/** What String.trim takes beyond space and tab, and what some services take beyond that. */
const OTHER_SPACES = [
  '\u00a0',
  '\ufeff',
  '\u2003',
  '\u3000',
  '\u0085',
  '\u000b',
  '\f',
  '\r',
  '\n',
  '\u001f',
];

test('space and tab surround a value, and nothing else does', () => {
  assert.equal(trimBlanks(' \t a b\t '), 'a b');
  assert.equal(trimBlanks(' \t'), '');
  assert.deepEqual(listMembers('a ,\tb\t, c d,'), ['a', 'b', 'c d', '']);
  for (const space of OTHER_SPACES) {
    assert.equal(trimBlanks(`${space}a${space}`), `${space}a${space}`);
    assert.deepEqual(listMembers(`a,${space}b`), ['a', `${space}b`]);
  }
});

test('a cookie name that a service may read as another one is told', () => {
  assert.deepEqual(cookieName(' id\t'), { name: 'id', bare: 'id' });
  for (const space of [...OTHER_SPACES, '"', '\u00c2\u00a0']) {
    assert.equal(cookieName(`${space}id`).bare, 'id');
    assert.equal(cookieName(` id${space}`).bare, 'id');
    assert.notEqual(cookieName(`id${space}`).name, 'id');
  }
});

test('letters beyond ASCII keep their case: the Kelvin sign is no k', () => {
  assert.equal(asciiLowerCase('Accept-Ranges'), 'accept-ranges');
  assert.equal(asciiLowerCase('\u212aeep\u0130\u00c5\u212b'), '\u212aeep\u0130\u00c5\u212b');
});
