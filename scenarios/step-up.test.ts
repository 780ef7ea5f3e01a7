import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { adminOf } from './world/admin.fixture.ts';
import { type Answer, call, codeOf, eventually } from './world/calls.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { makeKeyHolder } from './world/proof.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** Somebody who pays must have signed in strongly, and lately: RFC 9470. */

const responses = { 200: { description: 'ok', content: { 'application/json': {} } } };
const STEP_UP = { acr: ['phr', 'mfa'], maxAgeSeconds: 300 };
const description = (stepUp: object = STEP_UP) => ({
  openapi: '3.1.0',
  info: { title: 'Payments', version: '1' },
  'x-poorter': { stepUp: { maxAgeSeconds: 3_600 } },
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      oauth: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://x.example', scopes: { pay: '' } } },
      },
    },
  },
  security: [{ oauth: ['pay'] }],
  paths: {
    '/balance': { get: { responses } },
    '/payments': { get: { 'x-poorter': { stepUp }, responses } },
    '/either': { get: { security: [{ key: [] }, { oauth: ['pay'] }], responses } },
    '/rates': { get: { security: [], 'x-poorter': { stepUp: 'off' }, responses } },
  },
});

const service = await startService({ after });
const issuer = await startIssuer({ after });
const poorter = await startPoorter(
  { after },
  {
    description: description(),
    upstream: service.url,
    configuration: {
      reload: 'ask',
      publicOrigin: AUDIENCE,
      trust: { issuers: [{ issuer: issuer.url, audience: AUDIENCE }] },
    },
  },
);

const seconds = () => Math.floor(Date.now() / 1000);
const token = (claims: Record<string, unknown> = {}) => issuer.token({ scope: 'pay', ...claims });
const ask = (path: string, shown: string | Record<string, string> = {}) => {
  const headers = typeof shown === 'string' ? { authorization: `Bearer ${shown}` } : shown;
  return call(`${poorter.url}${path}`, { headers });
};

async function refused(path: string, shown: string | Record<string, string>): Promise<Answer> {
  const reached = service.seen.length;
  const answer = await ask(path, shown);
  assert.equal(answer.status, 401, answer.text);
  assert.equal(codeOf(answer), 'insufficient_user_authentication');
  assert.equal(service.seen.length, reached, 'the call reached the service');
  return answer;
}

/** What a client of somebody else would read: one challenge, parameter by parameter (RFC 9110 §11.6.1). */
function challengeOf({ headers }: Answer): { scheme: string; parameters: Map<string, string> } {
  const text = String(headers['www-authenticate']);
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) (.*)$/.exec(text) ?? [];
  const pairs = rest.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g);
  return {
    scheme,
    parameters: new Map([...pairs].map(([, name = '', value = '']) => [name, value])),
  };
}

test('a client that follows the challenge signs its holder in again, and succeeds', async () => {
  const weak = await token({ acr: 'pwd', auth_time: seconds() - 4_000 });
  const { scheme, parameters } = challengeOf(await refused('/payments', weak));
  assert.equal(scheme, 'Bearer');
  assert.equal(parameters.get('error'), 'insufficient_user_authentication');
  assert.match(
    parameters.get('resource_metadata') ?? '',
    /^https:\/\/api\.example\/\.well-known\//,
  );
  // As an authorization request has them; the issuer gives what is asked for first.
  const [acr] = (parameters.get('acr_values') ?? '').split(' ');
  const maxAge = Number(parameters.get('max_age'));
  assert.equal(acr, 'phr');
  assert.ok(maxAge > 0);
  const strong = await token({
    ...{ acr, auth_time: seconds() - maxAge + 60, scope: parameters.get('scope') },
  });
  assert.equal((await ask('/payments', strong)).status, 200);
});

test('what is asked of all is asked where nothing nearer is said, and taken back by off', async () => {
  const old = await token({ acr: 'phr', auth_time: seconds() - 4_000 });
  const { parameters } = challengeOf(await refused('/balance', old));
  assert.deepEqual([parameters.get('acr_values'), parameters.get('max_age')], [undefined, '3600']);
  assert.equal((await ask('/balance', await token({ auth_time: seconds() - 1_000 }))).status, 200);
  assert.equal((await ask('/rates')).status, 200);
});

test('a machine, and claims of another form, sign nobody in', async () => {
  await refused('/payments', await token());
  const now = seconds();
  for (const claims of [
    ...[
      { acr: ['phr'], auth_time: now },
      { acr: 'phr', auth_time: `${now}` },
    ],
    ...[
      { acr: 'phr', auth_time: now + 3_600 },
      { acr: 'phr', auth_time: -1 },
    ],
    ...[{ acr: 'phr', auth_time: now + 0.5 }, { acr: 'PHR', auth_time: now }, { acr: 'phr' }],
  ]) {
    await refused('/payments', await token(claims));
  }
});

test('a token that is bound to a key is told so under its own scheme, and its holder let in after it', async () => {
  const holder = await makeKeyHolder();
  const cnf = { jkt: holder.thumbprint };
  const url = `${poorter.url}/payments`;
  const weak = await token({ cnf, acr: 'pwd', auth_time: seconds() });
  const { scheme, parameters } = challengeOf(
    await refused('/payments', await holder.show(weak, url)),
  );
  assert.equal(scheme, 'DPoP');
  assert.match(parameters.get('algs') ?? '', /ES256/);
  const strong = await token({ cnf, acr: 'mfa', auth_time: seconds() });
  assert.equal((await ask('/payments', await holder.show(strong, url))).status, 200);
});

test('a key is told of the token that would do, and passes with it beside', async () => {
  const key = await poorter.createKey('shop');
  const withKey = { 'x-key': key };
  const { scheme, parameters } = challengeOf(await refused('/either', withKey));
  assert.deepEqual([scheme, parameters.get('scope')], ['Bearer', 'pay']);
  const strong = await token({ auth_time: seconds() });
  const both = { ...withKey, authorization: `Bearer ${strong}` };
  assert.equal((await ask('/either', both)).status, 200);
});

test('the record names the code and what was asked for, and nothing that the token said', async () => {
  await refused('/payments', await token({ acr: 'MARKER-acr', auth_time: seconds() }));
  const isOurs = ({ code, evidence }: Record<string, unknown>) =>
    code === 'insufficient_user_authentication' &&
    (evidence as { reason: string }).reason === 'another-acr';
  const records = await poorter.awaitRecords(1, isOurs);
  const record = records.at(-1);
  assert.deepEqual(
    [record?.['phase'], record?.['decision'], record?.['status']],
    ['authorize', 'refused', 401],
  );
  const all = JSON.stringify(await poorter.records());
  assert.equal(all.includes('MARKER-acr'), false);
});

test('a description that asks for less waits for somebody who approves it', async () => {
  const weak = () => token({ acr: 'pwd', auth_time: seconds() });
  await refused('/payments', await weak());
  poorter.write('api.yaml', description({ acr: [...STEP_UP.acr, 'pwd'], maxAgeSeconds: 600 }));
  const { digest, sentence } = await waiting();
  assert.match(sentence, /signed in more weakly or otherwise may call: pwd|signed in 600 s ago/);
  await refused('/payments', await weak());
  const applied = await runPoorter(['apply', digest, '--data', join(poorter.folder, 'data')]);
  assert.equal(applied.status, 0, applied.stderr);
  await eventually(
    'it is in force',
    async () => (await ask('/payments', await weak())).status === 200,
  );
});

async function waiting(): Promise<{ digest: string; sentence: string }> {
  const admin = adminOf(poorter);
  let digest = '';
  let found: { kind: string; sentence: string }[] = [];
  await eventually('it waits', async () => {
    const { body } = await admin('GET', '/v1/status');
    ({ digest, weakenings: found } = body.configuration.waiting ?? { digest: '', weakenings: [] });
    return found.length > 0;
  });
  assert.deepEqual([...new Set(found.map(({ kind }) => kind))], ['authorization-loosened']);
  return { digest, sentence: String(found[0]?.sentence) };
}

test('an operation that takes no token cannot ask who signed in: said with its line and what to do', async () => {
  const { paths, ...rest } = description();
  poorter.write('keys-only.yaml', {
    ...rest,
    paths: { ...paths, '/keys': { get: { security: [{ key: [] }], responses } } },
  });
  const written = parse(poorter.read('poorter.yaml')) as { apis: object[] };
  const apis = [{ ...written.apis[0], spec: './keys-only.yaml' }];
  poorter.write('keys-only-poorter.yaml', { ...written, apis });
  const checked = await runPoorter([
    ...['check', '--config', join(poorter.folder, 'keys-only-poorter.yaml')],
  ]);
  assert.notEqual(checked.status, 0);
  const said = checked.stdout + checked.stderr;
  assert.match(said, /keys-only\.yaml:\d+:\d+.*GET \/keys asks how its caller signed in/s);
  assert.match(said, /stepUp: off/);
});
