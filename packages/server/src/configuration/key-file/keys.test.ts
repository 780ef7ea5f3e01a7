import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { hashKey, isWellFormedKey } from '@poorter/engine';
import fc from 'fast-check';
import { appendKey, createKey, KeyFileError, readKeyFile, revokeKey } from './index.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'poorter-keys-'));
after(() => rm(folder, { recursive: true }));

const noon = Date.UTC(2026, 5, 1, 12);
const hash = `sha256:${'a'.repeat(64)}`;

let drawn = 0;
function random(bytes: number): Uint8Array {
  drawn += 1;
  return new Uint8Array(bytes).map((_, index) => (drawn * 31 + index * 7) % 256);
}

function wish(name: string) {
  return createKey({ name, scopes: ['read'], roles: [], expiresAt: null, random });
}

test('a made key is well-formed, and its record holds the hash alone', () => {
  const { key, record } = wish('Shop');
  assert.ok(isWellFormedKey(key));
  assert.equal(record.hash, hashKey(key));
  assert.ok(!JSON.stringify(record).includes(key));
});

test('every key of 32 bytes has 57 characters, and one changed character is noticed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(48),
      fc.constantFrom('0', 'a', 'Z'),
      (bytes, at, digit) => {
        let first = true;
        const once = (count: number) => {
          if (!first) return new Uint8Array(count);
          first = false;
          return bytes;
        };
        const { key } = createKey({
          name: 'n',
          scopes: [],
          roles: [],
          expiresAt: null,
          random: once,
        });
        assert.equal(key.length, 57);
        const place = 8 + at;
        const changed = key.slice(0, place) + digit + key.slice(place + 1);
        assert.ok(isWellFormedKey(key));
        assert.equal(isWellFormedKey(changed), changed === key);
      },
    ),
  );
});

test('a key file is read into records', () => {
  const text = `# keys of the bank
keys:
  - id: key_1
    name: Shop
    hash: ${hash}
    scopes: [read, write]
    expires: 2026-06-01T12:00:00Z
`;
  assert.deepEqual(readKeyFile('keys.yaml', text), {
    keys: [
      {
        id: 'key_1',
        name: 'Shop',
        hash: 'a'.repeat(64),
        scopes: ['read', 'write'],
        roles: [],
        expiresAt: noon / 1000,
      },
    ],
    entries: [
      {
        id: 'key_1',
        name: 'Shop',
        hash,
        scopes: ['read', 'write'],
        roles: [],
        expires: '2026-06-01T12:00:00Z',
      },
    ],
    diagnostics: [],
  });
  for (const empty of ['', '# none yet\n', 'keys:\n', 'keys: []\n']) {
    assert.deepEqual(readKeyFile('keys.yaml', empty).diagnostics, []);
  }
});

test('mistakes are shown at their place, with a suggestion, and no key of the file is used', () => {
  const good = `  - { id: key_1, name: Shop, hash: '${hash}' }\n`;
  const cases: [string, string, number, number, RegExp][] = [
    ['kyes: []\n', 'unknown-member', 1, 1, /did you mean 'keys'/],
    ['keys: 7\n', 'not-a-list', 1, 1, /list/],
    ['- 1\n', 'not-a-map', 1, 1, /map/],
    [
      `keys:\n${good}  - id: k\n    name: n\n    hash: '${hash.replace('a', 'b')}'\n    scope: [a]\n`,
      'unknown-member',
      6,
      12,
      /did you mean 'scopes'/,
    ],
    [`keys:\n${good}${good}`, 'duplicate-id', 3, 11, /same id/],
    [
      `keys:\n${good}  - { id: key_2, name: x, hash: '${hash}' }\n`,
      'duplicate-hash',
      3,
      33,
      /same hash/,
    ],
    ['keys:\n  - { id: k, name: n, hash: 12 }\n', 'invalid', 2, 29, /hash/],
    ['keys:\n  - { id: k, name: n }\n', 'invalid', 2, 5, /hash/],
    ['keys:\n  - a: &x 1\n    b: *x\n', 'not-plain', 2, 5, /aliases/],
    ['keys:\n  - {\n', 'yaml-syntax', 3, 1, /./],
    ['keys: []\nkeys: []\n', 'yaml-syntax', 2, 1, /unique/],
    [
      `keys:\n  - { id: k, name: n, hash: '${hash}', expires: soon }\n`,
      'invalid',
      2,
      113,
      /ISO date/,
    ],
  ];
  for (const [text, code, line, column, words] of cases) {
    const { keys, diagnostics } = readKeyFile('keys.yaml', text);
    assert.deepEqual(keys, [], text);
    const codes = diagnostics.map((found) => found.code);
    assert.ok(codes.includes(code), `${text} gave ${JSON.stringify(diagnostics)}`);
    const found = diagnostics.find((one) => one.code === code);
    assert.deepEqual([found?.line, found?.column], [line, column], text);
    assert.match(`${found?.message} ${found?.suggestion}`, words);
  }
});

test('a key in clear is refused, and never repeated in the message', () => {
  const { key } = wish('n');
  const texts = [
    `keys:\n  - { id: k, name: n, hash: ${key} }\n`,
    `keys:\n  - { id: k, name: n, hash: '${hash}', key: ${key} }\n`,
    `keys:\n  - { id: k, name: n, ${key}: 1 }\n`,
    `keys:\n  - ${key}\n`,
    `${key}: 1\n`,
    `keys:\n  - { id: ${key}\n`,
    `keys:\n  - { id: ${key} ]\n`,
  ];
  for (const text of texts) {
    const { keys, diagnostics } = readKeyFile('keys.yaml', text);
    assert.deepEqual(keys, []);
    assert.ok(diagnostics.length > 0);
    assert.ok(!JSON.stringify(diagnostics).includes(key), text);
  }
  const [first] = readKeyFile('keys.yaml', texts[0] ?? '').diagnostics;
  assert.equal(first?.code, 'key-in-clear');
  assert.match(first?.suggestion ?? '', /poorter keys create/);
});

test('no text throws, and none that is not a key file yields a key', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'keys:',
      '\n',
      '  - ',
      'id: a',
      'name: b',
      'hash: ',
      '&a ',
      '*a',
      '{',
      '}',
      '[',
      ']',
      '<<: ',
      '!!binary ',
      '? ',
      '---\n',
      '%YAML 1.1\n',
      '\t',
      '"',
      "'",
      '|',
      '\u0000',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { keys } = readKeyFile('keys.yaml', pieces.join(''));
      assert.deepEqual(keys, []);
    }),
    { numRuns: 3000 },
  );
});

test('adding and revoking keep comments, other entries, and mode 0600', async () => {
  const file = path.join(folder, 'edited.yaml');
  const first = wish('First');
  const text = `# keys of the bank
keys:
  # the shop around the corner
  - id: key_shop # do not touch
    name: Shop
    hash: ${hash}
`;
  await writeFile(file, text, { mode: 0o644 });
  await appendKey(file, first.record, noon);
  const added = await readFile(file, 'utf8');
  assert.ok(added.startsWith(text));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const { keys, diagnostics } = readKeyFile(file, added);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(keys[1], first.record);

  assert.equal((await revokeKey(file, 'First'))?.id, first.record.id);
  assert.equal(await readFile(file, 'utf8'), text);
  assert.equal(await revokeKey(file, 'First'), undefined);
});

test('a missing, empty or commented file becomes a key file', async () => {
  for (const [name, text] of [
    ['none', null],
    ['empty', ''],
    ['comment', '# mine\n'],
    ['flow', 'keys: []\n'],
  ] as const) {
    const file = path.join(folder, `new-${name}.yaml`);
    if (text !== null) await writeFile(file, text);
    await appendKey(file, wish(`key of ${name}`).record, noon);
    const written = await readFile(file, 'utf8');
    assert.equal(readKeyFile(file, written).keys.length, 1);
    if (name === 'comment') assert.match(written, /# mine/);
  }
});

test('a link to the key file stays a link', async () => {
  const real = path.join(folder, 'real.yaml');
  const link = path.join(folder, 'link.yaml');
  await writeFile(real, 'keys: []\n');
  await symlink(real, link);
  await appendKey(link, wish('Linked').record, noon);
  assert.equal(readKeyFile(real, await readFile(real, 'utf8')).keys.length, 1);
});

test('a file with a mistake is not changed', async () => {
  const file = path.join(folder, 'broken.yaml');
  await writeFile(file, 'kyes: []\n');
  await assert.rejects(appendKey(file, wish('x').record, noon), KeyFileError);
  assert.equal(await readFile(file, 'utf8'), 'kyes: []\n');
});

test('twenty keys added at once are twenty keys, and nothing else is left behind', async () => {
  const own = await mkdtemp(path.join(folder, 'many-'));
  const file = path.join(own, 'keys.yaml');
  const made = Array.from({ length: 20 }, (_, index) => wish(`client ${index}`).record);
  await Promise.all(made.map((record) => appendKey(file, record, noon)));
  const { keys } = readKeyFile(file, await readFile(file, 'utf8'));
  assert.deepEqual(new Set(keys.map(({ id }) => id)), new Set(made.map(({ id }) => id)));
  assert.deepEqual(await readdir(own), ['keys.yaml']);
});
