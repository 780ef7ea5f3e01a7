import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { corsSchema } from './cors-config.ts';
import { compileCors, mergedVary, preflightOf } from './index.ts';

const APP = 'https://app.example';

function policy(config: object, names = { request: ['x-trace'], answer: ['x-total'] }) {
  const compiled = compileCors(corsSchema.parse(config), names);
  assert.ok(compiled);
  return compiled;
}

function asObject(fields: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let index = 0; index < fields.length; index += 2) {
    entries.push([fields[index] as string, fields[index + 1] as string]);
  }
  const object = Object.fromEntries(entries);
  assert.equal(Object.keys(object).length, entries.length, 'no field twice');
  return object;
}

const ALLOW = 'access-control-allow-origin';

test('only the exact origin that is named is answered to, and never another', () => {
  const cors = policy({ origins: [APP, 'http://localhost:5173'], credentials: true });
  const admitted = asObject(cors.answerFields(APP));
  assert.equal(admitted[ALLOW], APP);
  assert.equal(admitted['access-control-allow-credentials'], 'true');
  assert.equal(admitted['vary'], 'Origin');
  const strangers = [
    ...['http://app.example', 'https://app.example:8443', 'https://app.example.evil.example'],
    ...['https://evil-app.example', 'https://APP.example', 'https://app.example/', 'null', '*', ''],
    ...['https://app.example, https://evil.example', 'https://sub.app.example', undefined],
  ];
  for (const origin of strangers) {
    assert.deepEqual(asObject(cors.answerFields(origin)), { vary: 'Origin' }, String(origin));
  }
});

test("'*' is said to everyone and never with credentials", () => {
  const cors = policy({ origins: '*' });
  for (const origin of [APP, 'null', undefined]) {
    const fields = asObject(cors.answerFields(origin));
    assert.equal(fields[ALLOW], '*');
    assert.equal(fields['access-control-allow-credentials'], undefined);
    assert.equal(fields['vary'], undefined);
  }
  const refused = corsSchema.safeParse({ origins: '*', credentials: true });
  assert.match(refused.error?.issues[0]?.message ?? '', /name the origins/);
});

test('the origin null is admitted only where it is named, and never with credentials', () => {
  const cors = policy({ origins: [APP, 'null'], credentials: true });
  assert.equal(asObject(cors.answerFields('null'))[ALLOW], 'null');
  assert.equal(asObject(cors.answerFields('null'))['access-control-allow-credentials'], undefined);
  const preflight = asObject(cors.preflightFields('null', ['GET']));
  assert.equal(preflight['access-control-allow-credentials'], undefined);
  assert.ok(!policy({ origins: [APP] }).isAdmitted('null'));
});

test('a preflight names methods and headers of the description, and no private network', () => {
  const cors = policy({ origins: [APP], headers: ['X-Own'], maxAgeSeconds: 60 });
  assert.deepEqual(asObject(cors.preflightFields(APP, ['GET', 'PUT'])), {
    [ALLOW]: APP,
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'x-own, x-trace',
    'access-control-max-age': '60',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  });
});

test('pages may read the fields of the gate, documented and configured ones, and no cookie', () => {
  const names = { request: ['cookie', 'host'], answer: ['X-Total', 'set-cookie'] };
  const cors = policy({ origins: [APP], expose: ['Server-Timing'] }, names);
  const exposed = asObject(cors.answerFields(APP))['access-control-expose-headers'];
  assert.equal(
    exposed,
    'allow, location, poorter-call, ratelimit, ratelimit-policy, retry-after, server-timing, www-authenticate, x-total',
  );
  assert.equal(
    asObject(cors.preflightFields(APP, ['GET']))['access-control-allow-headers'],
    undefined,
  );
});

test('off and nothing are no policy', () => {
  assert.equal(compileCors('off'), null);
  assert.equal(compileCors(undefined), null);
});

const FAULTS: readonly (readonly [config: unknown, words: RegExp])[] = [
  [true, /neither 'off' nor a mapping/],
  ['on', /neither 'off' nor a mapping/],
  [{}, /^origins: .*neither/],
  [{ origins: [] }, /^origins: /],
  [{ origins: ['*'] }, /origin/],
  [{ origins: ['https://*.example'] }, /origin/],
  [{ origins: ['https://app.example/'] }, /origin/],
  [{ origins: ['https://App.example'] }, /origin/],
  [{ origins: ['https://app.example:443'] }, /origin/],
  [{ origins: ['https://u@app.example'] }, /origin/],
  [{ origins: ['app.example'] }, /origin/],
  [{ origins: ['//app.example'] }, /origin/],
  [{ origins: ['https://b\u00fccher.example'] }, /origin/],
  [{ origins: [APP], headers: ['a b'] }, /^headers\.0: is not the name/],
  [{ origins: [APP], maxAgeSeconds: -1 }, /^maxAgeSeconds/],
  [{ origins: [APP], credential: true }, /credential/],
];
for (const [config, words] of FAULTS) {
  test(`${JSON.stringify(config)} is refused with a word`, () => {
    const [issue] = corsSchema.safeParse(config).error?.issues ?? [];
    const place = issue?.path.length ? `${issue.path.join('.')}: ` : '';
    assert.match(`${place}${issue?.message ?? 'accepted'}`, words);
  });
}

test('origins of apps and extensions may be named', () => {
  const origins = ['capacitor://localhost', 'chrome-extension://abcdef', 'http://127.0.0.1:3000'];
  const cors = policy({ origins });
  for (const origin of origins) assert.ok(cors.isAdmitted(origin));
});

test('a preflight is OPTIONS with an origin and a method, and nothing less', () => {
  const asked = { origin: APP, 'access-control-request-method': 'PUT' };
  const read = (method: string, fields: Record<string, string>) =>
    preflightOf({ method, headers: new HeaderFields(Object.entries(fields).flat()) });
  assert.deepEqual(read('OPTIONS', asked), { origin: APP, method: 'PUT' });
  assert.equal(read('GET', asked), null);
  assert.equal(read('OPTIONS', { origin: APP }), null);
  assert.equal(read('OPTIONS', { 'access-control-request-method': 'PUT' }), null);
});

for (const [service, merged] of [
  [[], 'Origin'],
  [['vary', 'Accept-Encoding'], 'Accept-Encoding, Origin'],
  [['vary', 'Accept', 'vary', 'origin, X'], 'Accept, origin, X'],
  [['vary', '*'], '*'],
  [['vary', ''], 'Origin'],
] as const) {
  test(`Vary of the service ${JSON.stringify(service)} becomes ${merged}`, () => {
    assert.equal(mergedVary(new HeaderFields(service), 'Origin'), merged);
  });
}
