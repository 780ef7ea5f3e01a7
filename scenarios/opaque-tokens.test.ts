import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { jwtVerify } from 'jose';
import { parse } from 'yaml';
import { type Answer, call, codeOf, eventually } from './world/calls.fixture.ts';
import { startIntrospection } from './world/introspection.fixture.ts';
import { AUDIENCE, startIssuer } from './world/issuer.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { makeKeyHolder } from './world/proof.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** Tokens that only their issuer can read, asked about at a real endpoint: RFC 7662. */

const responses = { 200: { description: 'ok', content: { 'application/json': {} } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  components: {
    securitySchemes: {
      oauth: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: 'https://login.example/token',
            scopes: { 'accounts:read': '', 'accounts:write': '' },
          },
        },
      },
    },
  },
  paths: {
    '/accounts': {
      get: { security: [{ oauth: ['accounts:read'] }], responses },
      delete: { security: [{ oauth: ['accounts:write'] }], responses },
    },
    '/payments': {
      get: {
        security: [{ oauth: [] }],
        'x-poorter': { stepUp: { acr: ['phr'], maxAgeSeconds: 300 } },
        responses,
      },
    },
  },
};

const SECRET = 'MARKER secret:of+the gate';
const service = await startService({ after });
const issuer = await startIssuer({ after });
const introspection = await startIntrospection({ after });
const { questions } = introspection;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** By the path of its endpoint, which is also what its tokens begin with. */
const asked = (name: string, more: object = {}) => ({
  issuer: `https://${name}.example`,
  audience: AUDIENCE,
  jwks: 'none',
  clockSkewSeconds: 0,
  introspection: {
    ...{ url: `${introspection.url}/${name}`, clientId: 'gate', clientSecret: 'env:GATE_SECRET' },
    // A machine that does ten other things.
    ...{ tokenPrefix: `${name}_`, timeoutMs: 10_000, ...more },
  },
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    env: { GATE_SECRET: SECRET },
    files: { 'gate.pem': pemOf(privateKey) },
    configuration: {
      publicOrigin: AUDIENCE,
      trust: {
        proxies: ['127.0.0.1/32'],
        issuers: [
          asked('main', { cacheSeconds: 60 }),
          asked('brief', { cacheSeconds: 1 }),
          asked('flood', { newTokensPerSecond: 1 }),
          asked('slow', { timeoutMs: 200 }),
          asked('dead', { url: `http://127.0.0.1:${await unusedPort()}/introspect` }),
          ...['broken', 'giant', 'moved', 'vague', 'double'].map((name) => asked(name)),
          asked('keyed', { clientSecret: undefined, clientKey: './gate.pem', clientKeyId: 'k1' }),
          // Its JWTs are read as ever, and its other tokens asked about.
          {
            issuer: issuer.url,
            audience: AUDIENCE,
            introspection: { ...asked('both').introspection, tokenPrefix: 'both_' },
          },
        ],
      },
    },
  },
);

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** Each call from an address of its own: nobody pays for what another has done. */
let addresses = 0;
const ask = (
  shown: string | Record<string, string>,
  { path = '/accounts', method = 'GET' } = {},
): Promise<Answer> => {
  addresses += 1;
  const from = `10.2.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
  const credentials = typeof shown === 'string' ? { authorization: `Bearer ${shown}` } : shown;
  const headers = { 'x-forwarded-for': from, ...credentials };
  return call(`${poorter.url}${path}`, { method, headers });
};
const token = (name: string, claims: Record<string, unknown> = {}) =>
  introspection.token(claims, `${name}_`);
const questionsOf = (one: string) => questions.filter((question) => question.token === one);
const seconds = () => Math.floor(Date.now() / 1000);

async function refused(shown: string, code: string): Promise<Answer> {
  const reached = service.seen.length;
  const answer = await ask(shown);
  assert.equal(codeOf(answer), code, `${answer.status} ${answer.text}`);
  assert.equal(service.seen.length, reached, 'the call reached the service');
  return answer;
}

test('a token passes that its issuer calls good, as whom it says, with what it says', async () => {
  const one = token('main');
  assert.equal((await ask(one)).status, 200);
  const { headers, rawHeaders } = service.last();
  assert.equal(rawHeaders.join().includes(one), false, 'the token stops at the gate');
  const [, body = ''] = String(headers['poorter-identity']).split('.');
  const identity = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  assert.deepEqual(
    [identity['sub'], identity['client_id'], identity['idp']],
    ['alice', 'app', 'https://main.example'],
  );
  const [question] = questionsOf(one);
  const pair = Buffer.from(String(question?.authorization).slice(6), 'base64').toString();
  assert.equal(pair, 'gate:MARKER+secret%3Aof%2Bthe+gate');
  assert.equal(codeOf(await ask(one, { method: 'DELETE' })), 'insufficient_scope');
});

test('a token that is unknown, expired, not begun, of another audience or issuer is refused', async () => {
  await refused('main_invented', 'credentials_invalid');
  await refused(token('main', { exp: seconds() - 5 }), 'credentials_expired');
  for (const claims of [
    ...[{ aud: 'https://other.example' }, { aud: undefined }, { exp: undefined }],
    ...[{ nbf: seconds() + 3_600 }, { iss: 'https://other.example' }, { sub: 7 }],
    ...[{ token_type: 'refresh_token' }, { cnf: { jkt: 'x', 'x5t#S256': 'y' } }],
  ]) {
    await refused(token('main', claims), 'credentials_invalid');
  }
});

test('an issuer signs some tokens and is asked about others', async () => {
  assert.equal((await ask(await issuer.token())).status, 200);
  const one = introspection.token({ iss: issuer.url }, 'both_');
  assert.equal((await ask(one)).status, 200);
  assert.equal(questions.filter(({ path }) => path === '/both').length, 1, 'never about a JWT');
  // Whoever signs nothing has no JWT that would be believed.
  await refused(await issuer.token({ iss: 'https://main.example' }), 'credentials_invalid');
});

test('a hundred calls with one token make one question', async () => {
  const one = token('main');
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(one)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(questionsOf(one).length, 1);
});

test('a token that its issuer took back is refused within the bound', async () => {
  const one = token('brief');
  assert.equal((await ask(one)).status, 200);
  introspection.takeBack(one);
  const takenBackAt = performance.now();
  let beganAt = 0;
  await eventually('it is refused', async () => {
    beganAt = performance.now();
    const { status } = await ask(one);
    // A call that begins later than the bound allows is let in no more.
    if (status === 200) assert.ok(beganAt - takenBackAt <= 1_000, `${beganAt - takenBackAt} ms`);
    return status === 401;
  });
});

test('whoever does not answer whole, in time and plainly makes no token good', async () => {
  introspection.answer('/slow', () => undefined);
  introspection.answer('/broken', (response) => response.writeHead(500).end('{"active":true}'));
  introspection.answer('/moved', (response) =>
    response.writeHead(302, { location: `${introspection.url}/main` }).end(),
  );
  introspection.answer('/giant', (response) =>
    response.end(`{"active":true,"x":"${'x'.repeat(1_000_000)}"}`),
  );
  introspection.answer('/vague', (response) => response.end('{"active":"true"}'));
  introspection.answer('/double', (response) => response.end('{"active":false,"active":true}'));
  for (const name of ['slow', 'dead', 'broken', 'moved', 'giant', 'vague', 'double']) {
    const one = token(name);
    const answer = await refused(one, 'introspection_unavailable');
    assert.equal(answer.status, 503, name);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    const told = poorter.notices('introspection_failing').map(({ issuer: whose }) => whose);
    await eventually('operators are told', () => {
      const all = poorter.notices('introspection_failing');
      return all.some(({ issuer: whose }) => whose === `https://${name}.example`);
    });
    assert.equal(told.includes('https://main.example'), false);
  }
  assert.equal(questions.filter(({ path }) => path === '/moved').length, 1);
  assert.equal((await ask(token('main'))).status, 200, 'others go on');
});

test('an issuer that is away refuses at once, and serves again when it is back', async () => {
  const down = introspection.answer;
  let isDown = true;
  down('/brief', (response, question) => {
    if (isDown) return response.writeHead(503).end();
    response.end(JSON.stringify({ active: question.token.startsWith('brief_') }));
  });
  for (let failures = 0; failures < 5; failures++) {
    await refused(token('brief'), 'introspection_unavailable');
  }
  await eventually('it is left alone', async () => {
    const before = questions.length;
    await refused(token('brief'), 'introspection_unavailable');
    return questions.length === before;
  });
  isDown = false;
  introspection.answer('/brief', (response) => {
    const exp = seconds() + 60;
    response.end(
      JSON.stringify({
        active: true,
        aud: AUDIENCE,
        client_id: 'app',
        exp,
        scope: 'accounts:read',
      }),
    );
  });
  await eventually('it is asked again', async () => (await ask(token('brief'))).status === 200);
  await poorter.awaitNotice('introspection_recovered');
  await eventually('what came of asking is counted', async () => {
    const text = await (await fetch(`${poorter.controlUrl}/metrics`)).text();
    const counted = (outcome: string) =>
      new RegExp(
        `^poorter_introspections_total\\{gateway="[^"]+",issuer="https://brief.example",outcome="${outcome}"\\} [1-9]`,
        'm',
      ).test(text);
    return ['active', 'not-answered', 'endpoint-rests'].every(counted);
  });
});

test('whoever invents tokens floods no issuer, and pays for it as for wrong credentials', async () => {
  const good = token('flood');
  assert.equal((await ask(good)).status, 200);
  const startedAt = performance.now();
  const invented = Array.from({ length: 60 }, (_, index) => ask(`flood_invented-${index}`));
  const codes = new Set((await Promise.all(invented)).map(codeOf));
  const asked = questions.filter(({ token: one }) => one.startsWith('flood_invented'));
  const passed = (performance.now() - startedAt) / 1_000;
  assert.ok(asked.length <= 2 + passed, `${asked.length} questions in ${passed} s`);
  assert.ok(codes.has('introspection_unavailable'));
  assert.equal((await ask(good)).status, 200, 'what is known goes on');
  await poorter.awaitNotice('introspection_flooded');
  // From one address: a wrong credential costs ten of a thousand.
  const shown = { 'x-forwarded-for': '10.9.9.9', authorization: 'Bearer main_invented' };
  await eventually('the address has failed too often', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(shown)));
    return answers.some((answer) => codeOf(answer) === 'too_many_failures');
  });
});

test('a token that is bound to a key passes with a proof, once, and never without', async () => {
  const holder = await makeKeyHolder();
  const one = token('main', { token_type: 'DPoP', cnf: { jkt: holder.thumbprint } });
  const shown = await holder.show(one, `${poorter.url}/accounts`);
  assert.equal((await ask(shown)).status, 200);
  assert.equal(codeOf(await ask(shown)), 'proof_invalid', 'each proof counts once');
  assert.equal(codeOf(await ask(one)), 'proof_invalid', 'as a bearer token');
  const stranger = await makeKeyHolder();
  const forged = await stranger.show(one, `${poorter.url}/accounts`);
  assert.equal(codeOf(await ask(forged)), 'proof_invalid');
});

test('how its holder signed in is told by the issuer, and asked for as of a JWT', async () => {
  const path = '/payments';
  const weak = token('main', { acr: 'pwd', auth_time: seconds() });
  assert.equal(codeOf(await ask(weak, { path })), 'insufficient_user_authentication');
  const strong = token('main', { acr: 'phr', auth_time: seconds() });
  assert.equal((await ask(strong, { path })).status, 200);
});

test('the gate may show who it is by a key, signed anew for each question', async () => {
  const ids = new Set<unknown>();
  introspection.answer('/keyed', async (response, { form, authorization }) => {
    assert.equal(authorization, undefined);
    const assertion = form.get('client_assertion') ?? '';
    const options = { audience: 'https://keyed.example', issuer: 'gate', subject: 'gate' };
    const found = await jwtVerify(assertion, publicKey, options).catch(() => null);
    if (found === null || ids.has(found.payload.jti)) return response.writeHead(401).end();
    ids.add(found.payload.jti);
    const exp = seconds() + 60;
    response.end(
      JSON.stringify({
        active: true,
        aud: AUDIENCE,
        client_id: 'app',
        exp,
        scope: 'accounts:read',
      }),
    );
  });
  assert.equal((await ask(token('keyed'))).status, 200);
  assert.equal((await ask(token('keyed'))).status, 200);
  assert.equal(ids.size, 2);
});

test('what is revoked at the gate is refused at once, whatever its issuer says', async () => {
  const jti = 'revoked-here';
  const one = token('main', { jti });
  assert.equal((await ask(one)).status, 200);
  const written = parse(poorter.read('poorter.yaml')) as { trust: object };
  poorter.write('poorter.yaml', { ...written, trust: { ...written.trust, revoked: [jti] } });
  await eventually('it is refused', async () => (await ask(one)).status === 401);
  assert.equal(questionsOf(one).length, 1, 'without asking again');
});

test('neither a token nor the secret of the gate is in a record, in the output or in a problem', async () => {
  const one = token('main', { aud: 'https://other.example', sub: 'MARKER-subject' });
  const answer = await refused(one, 'credentials_invalid');
  const said = answer.text + answer.rawHeaders.join() + poorter.output();
  const all = said + JSON.stringify(await poorter.records());
  const shown = questions.map((question) => question.token).filter((text) => text.length > 20);
  assert.ok(shown.length > 10);
  for (const secret of [...shown, SECRET, 'MARKER-subject']) {
    assert.equal(all.includes(secret), false, secret.slice(0, 8));
  }
});

test('a configuration by which no token could be asked about is refused, each fault with its line', async () => {
  const wrong = {
    ...(parse(poorter.read('poorter.yaml')) as object),
    trust: {
      issuers: [
        asked('one', { url: 'http://login.example/introspect' }),
        asked('two', { clientSecret: 'env:NOWHERE_SET' }),
        asked('three', { clientSecret: undefined, clientKey: './api.yaml' }),
        asked('four', { tokenPrefix: 'one_' }),
        { issuer: 'https://five.example', audience: AUDIENCE, jwks: 'none' },
      ],
    },
  };
  poorter.write('wrong.yaml', wrong);
  const checked = await runPoorter(['check', '--config', join(poorter.folder, 'wrong.yaml')]);
  assert.notEqual(checked.status, 0);
  const said = checked.stdout + checked.stderr;
  for (const fault of [
    /wrong\.yaml:\d+:\d+.*http:\/\/login\.example\/introspect is not https/,
    /wrong\.yaml:\d+:\d+.*env:NOWHERE_SET is not set/,
    /wrong\.yaml:\d+:\d+.*holds no private key; expected was a private key of EC P-256/,
    /wrong\.yaml:\d+:\d+.*that begin with one_\) would be shown to https:\/\/four\.example and to https:\/\/one/,
    /wrong\.yaml:\d+:\d+.*no token of https:\/\/five\.example could be accepted/,
  ]) {
    assert.match(said, fault);
  }
});
