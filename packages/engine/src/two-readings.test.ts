import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile, describeApi, open } from '../../openapi/src/openapi/testing.fixture.ts';
import { processorMs } from '../../openapi/src/processor-time.fixture.ts';
import { canonicalTarget } from './policies/admit/index.ts';

/** What one server runs and another server, or the gate, takes for something else. */

const answer = { responses: { 200: { description: '' } } };

function api(...paths: string[]) {
  return open(describeApi(Object.fromEntries(paths.map((path) => [path, { get: answer }]))));
}

/** The operation and what goes on, or why there is none. */
function decided(found: ReturnType<typeof open>, target: string, method = 'GET'): string {
  const canonical = canonicalTarget(target, { allowEncodedSlash: false });
  if (!canonical.ok) return canonical.reason;
  const match = found.match(method, canonical.path);
  if (match.kind === 'two-readings') return match.reason;
  if (match.kind !== 'operation') return match.kind;
  return `${match.operation.compiled.path} ${match.rewritten ?? canonical.path}`;
}

const users = api('/users/{id}', '/users/@me', '/users/me', '/users/a,b', '/users/caf\u00e9');
const items = api('/items/{id}', '/items/{id}:cancel', '/items/v({id})', '/items/{a}:{b}+{c}');

test('an encoded literal is the operation that a service runs which decodes before it routes', () => {
  const cases = [
    ['/users/@me', '/users/@me /users/@me'],
    ['/users/%40me', '/users/@me /users/@me'],
    ['/users/%40m%65', '/users/@me /users/@me'],
    ['/%75sers/%40me', '/users/@me /users/@me'],
    ['/users/a%2Cb', '/users/a,b /users/a,b'],
    ['/users/a%2cb', '/users/a,b /users/a,b'],
    ['/users/caf%c3%a9', '/users/caf\u00e9 /users/caf%C3%A9'],
    ['/users/%40you', '/users/{id} /users/%40you'],
  ] as const;
  for (const [target, expected] of cases) assert.equal(decided(users, target), expected, target);
});

test('encoded fixed parts beside parameters are found, and the values stay as they came', () => {
  const cases = [
    ['/items/5:cancel', '/items/{id}:cancel /items/5:cancel'],
    ['/items/5%3Acancel', '/items/{id}:cancel /items/5:cancel'],
    ['/items/a%2Cb%3Acancel', '/items/{id}:cancel /items/a%2Cb:cancel'],
    ['/items/%F0%9F%98%80%3Acancel', '/items/{id}:cancel /items/%F0%9F%98%80:cancel'],
    ['/items/v%28%E2%82%AC%29', '/items/v({id}) /items/v(%E2%82%AC)'],
    ['/items/1:2+3', '/items/{a}:{b}+{c} /items/1:2+3'],
    ['/items/1:2%2C+3', '/items/{a}:{b}+{c} /items/1:2%2C+3'],
    // Which of them delimits? The one that is encoded, or the one that is not?
    ['/items/1%3A2:3+4', 'encoding'],
    ['/items/1:2%2B3+4', 'encoding'],
  ] as const;
  for (const [target, expected] of cases) assert.equal(decided(items, target), expected, target);
});

test('a parameter that some routers let be empty does not lead past what is fixed around it', () => {
  for (const target of ['/items/:cancel', '/items/%3Acancel', '/items/:CANCEL', '/items/v()']) {
    assert.equal(decided(items, target), 'encoding', target);
  }
  for (const target of ['/items/:', '/items/:cancels', '/items/cancel']) {
    assert.equal(decided(items, target), `/items/{id} ${target}`);
  }
});

test('every octet of a literal may be encoded, and none leads to the parameter beside it', () => {
  const character = fc.constantFrom(..."!$&'()*+,=:@-._~aZ9", '\u00e9', '\u20ac', '\u{1f600}');
  const text = fc.array(character, { minLength: 2, maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.boolean(), { minLength: 30 }), (literal, encoded) => {
      fc.pre(!/^[.]+$/.test(literal));
      const written = [...Buffer.from(literal, 'utf8')]
        .map((octet, index) =>
          encoded[index] || octet > 0x7e
            ? `%${octet.toString(16).padStart(2, '0')}`
            : String.fromCharCode(octet),
        )
        .join('');
      const found = api(`/x/${literal}`, '/x/{any}');
      const [path, target] = decided(found, `/x/${written}`).split(' ');
      assert.equal(path, `/x/${literal}`);
      assert.equal(decodeURIComponent(target as string), `/x/${literal}`);
      // A service that does not decode finds the same.
      assert.equal(found.match('GET', target as string).kind, 'operation');
      assert.equal(decided(found, target as string), `${path} ${target}`);
    }),
  );
});

test('a value that some service takes for the literal beside it is refused', () => {
  const likenesses = [
    // Decoded twice, three times, as IIS does it.
    ...['/users/%2540me', '/users/%252540me', '/users/%256De', '/users/%25u0040me'],
    // Without heed of case, as Express, ASP.NET and Windows route.
    ...['/users/ME', '/users/@Me', '/users/%40ME', '/users/A%2CB', '/users/CAF%C3%89'],
    // Composed and decomposed, full width, what shows nothing.
    ...['/users/cafe%CC%81', '/users/%EF%BC%A0me', '/users/m%E2%80%8Be', '/users/%EF%BB%BFme'],
    // Ends that are cut off.
    ...[
      '/users/me.',
      '/users/me..',
      '/users/me%20',
      '/users/%20me',
      '/users/me%C2%A0',
      '/users/me+',
    ],
  ];
  for (const target of likenesses) assert.equal(decided(users, target), 'encoding', target);
  assert.equal(decided(items, '/items/5:CANCEL'), 'encoding');
  assert.equal(decided(items, '/items/5%253Acancel'), 'encoding');
  assert.equal(decided(items, '/items/5:cancel.'), 'encoding');
});

test('letters whose cases are not one letter each do not hide a literal', () => {
  const found = api('/u/{id}', '/u/kiosk', '/u/stra\u00dfe', '/u/\u03ac\u03c2');
  for (const value of [
    'k\u0130osk',
    'K\u0130OSK',
    'k\u0131osk',
    'ki\u0307osk',
    '\u212aiosk',
    'kio\u017fk',
    'STRA\u1e9eE',
    'strasse',
    'STRASSE',
    'stra\u00dfE',
    'stra\u017fse',
    '\u0386\u03a3',
    '\u03ac\u03c3',
  ]) {
    assert.equal(decided(found, `/u/${encodeURIComponent(value)}`), 'encoding', value);
  }
  for (const value of ['k\u00efosk', 'strase', '\u0117']) {
    assert.match(decided(found, `/u/${encodeURIComponent(value)}`), /^\/u\/\{id\} /, value);
  }
});

test('a format at the end does not hide the literal before it', () => {
  for (const value of [
    'me.json',
    'me.html',
    'ME.JSON',
    'me.7z',
    'me..json',
    'me%20.json',
    'me.tar.gz',
    'me.a.b.c.d.e.f',
  ]) {
    assert.equal(decided(users, `/users/${value}`), 'encoding', value);
  }
  assert.equal(decided(users, '/users/%40me.json'), 'encoding');
  assert.equal(decided(items, '/items/5:cancel.json'), 'encoding');
  for (const value of ['you.json', 'me.standard', 'me.j-n', 'a.me', 'me.json.backup']) {
    assert.equal(decided(users, `/users/${value}`), `/users/{id} /users/${value}`);
  }
  const described = api(
    '/a/{id}',
    '/a/me',
    '/a/me.json',
    '/a/{id}.pdf',
    '/a/me.d/{x}',
    '/a/{id}/x',
  );
  assert.equal(decided(described, '/a/me.json'), '/a/me.json /a/me.json');
  assert.equal(decided(described, '/a/me.pdf'), '/a/{id}.pdf /a/me.pdf');
  assert.equal(decided(described, '/a/me.html'), 'encoding');
  // Formats stand at the end of a path.
  assert.equal(decided(described, '/a/me.html/x'), '/a/{id}/x /a/me.html/x');
});

test('an encoded end of the path does not hide what a service runs that parses it again', () => {
  for (const value of ['me%3Fa=b', 'me%23x', 'me%3F', 'me%23', 'ME%3fx', '%40me%23', 'me%253Fx']) {
    assert.equal(decided(users, `/users/${value}`), 'encoding', value);
  }
  for (const value of ['me\uff1fx', 'me\uff03', 'me\uff1b', 'me\u037ex', 'me\u2047', '\uff056de']) {
    assert.equal(decided(users, `/users/${encodeURIComponent(value)}`), 'encoding', value);
  }
  assert.equal(decided(users, '/users/you%3Fa'), '/users/{id} /users/you%3Fa');
  const deep = api('/d/{x}', '/d/{x}/open', '/d/');
  assert.equal(decided(deep, '/d/x%23/open'), 'encoding');
  assert.equal(decided(deep, '/d/x%3F/open'), 'encoding');
  assert.equal(decided(deep, '/d/%3F'), 'encoding');
  assert.equal(decided(deep, '/d/x/open'), '/d/{x}/open /d/x/open');
  assert.equal(decided(deep, '/d/what%3F'), '/d/{x} /d/what%3F');
});

test('what becomes a slash where text is made compatible does not hide a longer path', () => {
  const found = api('/d/{x}', '/d/{x}/secret', '/e/{x}', '/{any}/a/c');
  for (const slash of ['\uff0f', '\uff3c', '\ufe68', '\u2044', '\u2215', '\u2216', '\u29f8']) {
    const written = encodeURIComponent(slash);
    assert.equal(decided(found, `/d/x${written}secret`), 'encoding', written);
    assert.equal(decided(found, `/d/x${written}SECRET`), 'encoding', written);
    assert.equal(decided(found, `/e/x${written}y`), `/e/{x} /e/x${written}y`);
  }
  assert.equal(decided(found, '/d/x%25EF%25BC%258Fsecret'), 'encoding');
  const symbols = api('/u/{id}', '/u/a/c');
  assert.equal(decided(symbols, `/u/${encodeURIComponent('\u2100')}`), 'encoding');
  assert.equal(decided(symbols, `/u/${encodeURIComponent('\u00bd')}`), '/u/{id} /u/%C2%BD');
});

test('thousands of dots cost no more than their characters', () => {
  const value = `${'.'.repeat(100_000)}x.`;
  const usedMs = processorMs(() => {
    assert.equal(decided(users, `/users/${value}`), `/users/{id} /users/${value}`);
  });
  // Quadratic, it would be many seconds.
  assert.ok(usedMs < 2_000, `${usedMs}`);
});

test('dots before a literal do not hide it, and a literal that begins with one is its own', () => {
  for (const value of ['.me', '..me', '.%40me', '.me.', '.me.json', '.me%3Fx']) {
    assert.equal(decided(users, `/users/${value}`), 'encoding', value);
  }
  const found = api('/{x}/a', '/.well-known/a', '/.well-known/b');
  assert.equal(decided(found, '/well-known/a'), '/{x}/a /well-known/a');
  assert.equal(decided(found, '/.well-known/a'), '/.well-known/a /.well-known/a');
  assert.equal(decided(found, '/.WELL-KNOWN/a'), 'encoding');
});

test('a value that is like nothing beside it passes, whatever it holds', () => {
  for (const value of [
    'You',
    '%2541',
    '100%25',
    '%E3%80%82',
    'me2',
    'm.e',
    'a+b',
    '@me@',
    '%40%40me',
  ]) {
    assert.equal(decided(users, `/users/${value}`), `/users/{id} /users/${value}`);
  }
  // Where fixed text is alone in its place, case and dots are a value's own.
  const free = api('/x/{id}', '/x/{id}/me');
  assert.equal(decided(free, '/x/ME.'), '/x/{id} /x/ME.');
  assert.equal(decided(free, '/x/1/ME'), 'no-such-path');
});

test('likeness asks for the method: what no operation serves nobody can run instead', () => {
  const found = open(describeApi({ '/a/{x}': { get: answer }, '/a/me': { delete: answer } }));
  assert.equal(decided(found, '/a/ME'), '/a/{x} /a/ME');
  assert.equal(decided(found, '/a/ME', 'HEAD'), '/a/{x} /a/ME');
  assert.equal(decided(found, '/a/ME', 'DELETE'), 'method-not-allowed');
});

test('two literals that differ in case are two, because the description says so', () => {
  const found = api('/a/me', '/a/Me', '/a/{x}');
  assert.equal(decided(found, '/a/me'), '/a/me /a/me');
  assert.equal(decided(found, '/a/Me'), '/a/Me /a/Me');
  assert.equal(decided(found, '/a/ME'), 'encoding');
});

test('likeness further left reaches an operation further down', () => {
  const found = api('/{tenant}/keys', '/admin/{page}', '/{tenant}/{page}');
  assert.equal(decided(found, '/acme/keys'), '/{tenant}/keys /acme/keys');
  assert.equal(decided(found, '/admin/keys'), '/admin/{page} /admin/keys');
  assert.equal(decided(found, '/Admin/keys'), 'encoding');
  assert.equal(decided(found, '/Admin/x'), 'encoding');
  assert.equal(decided(found, '/%2561dmin/x'), 'encoding');
});

test('base paths and server variables are compared like every literal', () => {
  const found = open(
    describeApi(
      { '/x': { get: answer } },
      { servers: [{ url: 'https://a.example/v@1/%7Eme' }, { url: '/{tenant}/a' }] },
    ),
  );
  assert.equal(decided(found, '/v%401/~me/x'), '/v@1/~me/x /v@1/~me/x');
  assert.equal(decided(found, '/acme/%61/x'), '/{tenant}/a/x /acme/a/x');
});

test('two ways to write one literal are one operation described twice', () => {
  for (const [left, right] of [
    ['/a/@me', '/a/%40me'],
    ['/a/x;y', '/a/x%3By'],
    ['/a/b', '/%61/b'],
  ]) {
    const paths = { [left as string]: { get: answer }, [right as string]: { get: answer } };
    const compilation = compile(describeApi(paths));
    assert.deepEqual(!compilation.ok && compilation.errors.map(({ code }) => code), [
      'ambiguous-operations',
    ]);
  }
});

const matrix = { in: 'path', required: true, style: 'matrix', explode: true };
const semicolons = open(
  describeApi({
    '/a/{p}/b': { get: answer },
    '/users/{id}': { get: answer },
    '/users/me': { get: answer },
    '/map/{at}': {
      get: { ...answer, parameters: [{ ...matrix, name: 'at', schema: { type: 'object' } }] },
    },
    '/point{at}': {
      get: { ...answer, parameters: [{ ...matrix, name: 'at', schema: { type: 'object' } }] },
    },
    '/fixed;v=1/{x}': { get: answer },
    '/free/{x}': { 'x-poorter': { semicolons: 'allow' }, get: answer },
  }),
);

test('what follows a semicolon is cut off by servlet containers: undescribed, it is refused', () => {
  const refused = [
    ...['/a/;/x/b', '/a/;x/b', '/a/x;/b', '/users/me;x', '/users/me;', '/users/;me'],
    ...['/users/me%3Bx', '/users/me%3bx', '/a/%3B/b', '/map/x;y=1', '/fixed;v=1/x;y'],
  ];
  for (const target of refused) {
    assert.match(decided(semicolons, target), /^(?:semicolon|no-such-path)$/, target);
  }
  assert.equal(decided(semicolons, '/users/me;x'), 'semicolon');
  assert.equal(decided(semicolons, '/a/;x/b'), 'semicolon');
  assert.equal(decided(semicolons, '/users/me%253Bx'), 'percent-encoding');
});

test('described semicolons pass: matrix parameters, literals, and where the setting says so', () => {
  for (const target of [
    '/map/;x=1;y=2',
    '/point;x=1',
    '/free/a;b',
    '/free/a%3Bb',
    '/fixed;v=1/x',
  ]) {
    assert.match(decided(semicolons, target), / \//, target);
  }
  assert.equal(decided(semicolons, '/fixed%3Bv=1/x'), '/fixed;v=1/{x} /fixed;v=1/x');
});

test('no spelling of a path reaches an open operation while a service would run the guarded one', () => {
  const found = api('/u/{id}', '/u/@me', '/u/{id}:stop');
  const piece = fc.constantFrom(
    ...[
      '@',
      '%40',
      '%2540',
      'm',
      'M',
      '%6d',
      '%4D',
      'e',
      '%65',
      ':',
      '%3A',
      '%253a',
      'stop',
      'STOP',
    ],
    ...['.', '%2E', '%20', ';', '%3B', '+', '%EF%BC%A0', '%E2%80%8B', '1', '%C3%A9'],
  );
  const segment = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(segment, (text) => {
      const [path, target] = decided(found, `/u/${text}`).split(' ');
      if (path !== '/u/{id}') return;
      let seen = (target as string).slice(3);
      for (let count = 0; count < 4; count++) {
        seen = decodeURIComponent(seen.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
        for (const read of [seen, seen.toLowerCase(), seen.replace(/;.*/, ''), seen.trim()]) {
          assert.notEqual(read, '@me');
          assert.doesNotMatch(read, /^.+:stop$/);
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a slash at the end does not lead past the literal that many services run without it', () => {
  const bare = api('/items/special', '/items/{id}/', '/{kind}/{id}', '/files/{name}.pdf');
  assert.equal(decided(bare, '/items/special/'), 'encoding');
  assert.equal(decided(bare, '/items/SPECIAL/'), 'encoding');
  assert.equal(decided(bare, '/items/special'), '/items/special /items/special');
  assert.equal(decided(bare, '/items/5/'), '/items/{id}/ /items/5/');
  const slashed = api('/items/special/', '/items/{id}', '/items/{id}/', '/{kind}/{id}/');
  assert.equal(decided(slashed, '/items/special'), 'encoding');
  assert.equal(decided(slashed, '/items/special/'), '/items/special/ /items/special/');
  assert.equal(decided(slashed, '/items/5'), '/items/{id} /items/5');
  assert.equal(decided(slashed, '/items/5/'), '/items/{id}/ /items/5/');
  assert.equal(decided(slashed, '/x/5/'), '/{kind}/{id}/ /x/5/');
});
