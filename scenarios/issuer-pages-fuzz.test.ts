import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { request } from 'undici';
import { parse } from 'yaml';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const contract = parse(
  readFileSync(
    join(import.meta.dirname, '../packages/server/contract/issuer.openapi.yaml'),
    'utf8',
  ),
) as { paths: Record<string, Record<string, unknown>> };

const asked = Object.entries(contract.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'delete']
    .filter((method) => method in item)
    .map((method) => ({ method: method.toUpperCase(), path })),
);
const ofPeople = ({ path }: { path: string }) => /^\/(?:account|recover|enrol|sign-in)/.test(path);
/** Every page of people, and every place where the protocol is asked. */
const pages = asked.filter(ofPeople);
const endpoints = asked.filter((one) => !ofPeople(one));

const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url, {
  ...{ issuer: { passwords: true, registration: {} }, trust: { proxies: ['127.0.0.1'] } },
});
/** Each call comes from elsewhere: whoever guesses for long is not heard any more. */
let calls = 0;
const fromElsewhere = () => {
  calls += 1;
  return { 'x-forwarded-for': `10.${calls >> 16}.${(calls >> 8) & 255}.${calls & 255}` };
};
const person = await enrol(issuer, 'griet@example.test');

/** A trace would stand between the lines, and a fault among them. */
function assertQuiet(): void {
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
  const lines = issuer.poorter.output().split('\n');
  assert.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('{')),
    [],
  );
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    ...['', '\r\nSet-Cookie: a=b', '<script>', '"><img src=x>', '..%2f', '\u0000', '__proto__'],
    ...['a'.repeat(10_000), 'account', 'credential_000000000000000000000000'],
  ),
);
const names = [
  ...['session', 'credential', 'grant', 'code', 'login', 'password', 'decision', 'link'],
  ...['__proto__', 'x'],
];
const form = fc
  .array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 4 })
  .map((fields) => String(new URLSearchParams(fields)));
const json = fc.oneof(
  fc.json(),
  fc
    .dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    .map((value) => JSON.stringify(value)),
  // Shaped as a browser would send it, with other insides.
  fc
    .record({ id: text, rawId: text, type: fc.constant('public-key'), response: fc.object() })
    .map((credential) => JSON.stringify({ credential })),
);
const askedOfPage = fc.record({
  page: fc.constantFrom(...pages),
  to: fc.option(text, { nil: undefined }),
  body: fc.oneof(
    form.map((value) => ['application/x-www-form-urlencoded', value] as const),
    json.map((value) => ['application/json', value] as const),
    text.map((value) => ['text/plain', value] as const),
  ),
  isSignedIn: fc.boolean(),
  isOwnPage: fc.boolean(),
});

test('whatever is sent to a page of people, it is answered in order, keeps its headers, and is no fault of ours', async () => {
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, person.passkey);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(askedOfPage, async ({ page, to, body, isSignedIn, isOwnPage }) => {
      const { method, path } = page;
      const url = new URL(path.replace('{uid}', 'unknown'), issuer.origin);
      if (to !== undefined) url.searchParams.set('to', to.toWellFormed());
      const [type, sent] = body;
      const answer = await request(url, {
        method,
        headers: {
          ...fromElsewhere(),
          origin: isOwnPage ? issuer.origin : 'https://evil.test',
          ...(method === 'POST' && { 'content-type': type }),
          ...(isSignedIn && { cookie: browser.cookie }),
        },
        ...(method === 'POST' && { body: Buffer.from(sent) }),
      });
      const said = await answer.body.text();
      seen.add(`${path} ${answer.statusCode}`);
      assert.ok(answer.statusCode < 500, `${method} ${url} ${answer.statusCode} ${said}`);
      assert.equal(answer.headers['x-content-type-options'] ?? 'nosniff', 'nosniff');
      const isPage = String(answer.headers['content-type']).startsWith('text/html');
      if (isPage) {
        assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
        assert.doesNotMatch(said, /<img src=x>|<script>/);
      }
      const cookies = [answer.headers['set-cookie'] ?? []].flat();
      assert.ok(
        cookies.every((one) => one.startsWith('poorter-')),
        cookies.join(),
      );
      const { location } = answer.headers;
      if (location !== undefined) {
        const target = new URL(String(location), issuer.origin);
        assert.equal(target.origin, issuer.origin, 'it leads nowhere else');
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 600) },
  );
  assert.ok(seen.size > 25, [...seen].join('\n'));
  assertQuiet();
});

const PARAMETERS = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['prompt', 'max_age', 'claims', 'ui_locales', 'login_hint', 'id_token_hint', 'acr_values'],
  ...['request', 'request_uri', 'code_challenge', 'code_challenge_method', 'resource', 'audience'],
  ...['authorization_details', 'dpop_jkt', 'xsrf', 'logout', 'user_code', 'confirm', 'abort'],
  ...['post_logout_redirect_uri', 'logout_hint', 'token', 'token_type_hint', 'grant_type', 'code'],
  ...['refresh_token', 'device_code', 'auth_req_id', 'subject_token', 'subject_token_type'],
  ...[
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'binding_message',
    'logout_token',
  ],
  ...['requested_expiry', 'link', 'a', '__proto__'],
];
const CALLBACK = 'https://app.example.test/back';
const UNSIGNED = 'eyJhbGciOiJub25lIn0.e30.';

/** What an application, a stranger or a browser with half of a session sends there. */
async function protocolCalls() {
  const application = await makeApplication(issuer, CALLBACK);
  const { client_id: client } = application.configuration.clientMetadata();
  const signedIn = new SoftBrowser(issuer.origin);
  await signIn(signedIn, person.passkey);
  const typing = new SoftBrowser(issuer.origin);
  const typed = await typing.get('/device');
  const asking = new SoftBrowser(issuer.origin);
  const { url } = await askFor(application);
  const { at } = await asking.follow(`${url.pathname}${url.search}`);
  const leaving = new SoftBrowser(issuer.origin);
  await signIn(leaving, person.passkey);
  const left = leaving.cookie;
  const leave = await leaving.get('/session/end');
  await leaving.postForm('/account/sign-out', {});
  const secrets = [typed, leave].map(({ text }) => /"xsrf" value="([^"]+)"/.exec(text)?.[1] ?? '');
  const cookies = [signedIn.cookie, typing.cookie, asking.cookie, left, leaving.cookie];
  const known = fc.constantFrom(
    ...[client, CALLBACK, 'code', 'openid accounts.read', 'S256', 'none', 'login', '0', 'yes'],
    ...[...secrets, 'BBBB-BBBB', UNSIGNED, 'client_credentials', 'authorization_code'],
    ...['a'.repeat(43), '[]', '{}', '[{"type":"payment_initiation"}]', 'form_post', 'query.jwt'],
  );
  const fields = fc
    .array(fc.tuple(fc.constantFrom(...PARAMETERS), fc.oneof(known, text)), { maxLength: 7 })
    .map((all) =>
      String(new URLSearchParams(all.map(([name, value]) => [name, value.toWellFormed()]))),
    );
  const whole = fc
    .array(fc.tuple(fc.constantFrom(...PARAMETERS), known), { maxLength: 4 })
    .map((more) => [...url.searchParams, ...more])
    .map((all) => String(new URLSearchParams(all)));
  return fc.record({
    endpoint: fc.constantFrom(...endpoints),
    fields: fc.oneof(fields, whole),
    metadata: json,
    segment: fc.oneof(fc.constantFrom('unknown', new URL(at).pathname.split('/')[2] ?? ''), text),
    // Whole, and as somebody may have changed it.
    cookie: fc.oneof(
      fc.constant(''),
      fc.constantFrom(...cookies),
      fc.constantFrom(...cookies).map((cookie) => cookie.replace(/=[^;]{4}/g, '=AAAA')),
      fc.constantFrom(...cookies).map((cookie) => cookie.replace(/; [^;]*\.sig=[^;]*/g, '')),
      fc.constant('poorter-session=a; poorter-session.sig=b'),
    ),
    accept: fc.constantFrom('text/html', 'application/json', '*/*', 'image/png'),
    authorization: fc.constantFrom(
      ...['', `Basic ${btoa(`${client}:wrong`)}`, 'Basic !', `Bearer ${UNSIGNED}`, 'DPoP a'],
    ),
  });
}

test('whatever a stranger sends to the protocol, with a session, half of one or none, is no fault and leaves no trace', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(await protocolCalls(), async (sent) => {
      const { endpoint, fields, metadata, segment, cookie, accept, authorization } = sent;
      const { method, path } = endpoint;
      const at = encodeURIComponent(segment.toWellFormed()) || 'unknown';
      const url = new URL(path.replace(/\{[a-z]+\}/g, at), issuer.origin);
      const takesJson = /^\/(?:reg|scim|gate)/.test(path);
      const hasBody = method === 'POST' || method === 'PUT';
      if (!hasBody) url.search = fields;
      const answer = await request(url, {
        method: method as 'GET',
        headers: {
          ...fromElsewhere(),
          ...{ accept, ...(cookie !== '' && { cookie }), ...(authorization && { authorization }) },
          ...(hasBody && {
            'content-type': takesJson ? 'application/json' : 'application/x-www-form-urlencoded',
          }),
        },
        ...(hasBody && { body: takesJson ? metadata : fields }),
      });
      const said = await answer.body.text();
      seen.add(`${method} ${path} ${answer.statusCode}`);
      assert.ok(answer.statusCode < 500, `${method} ${url} ${answer.statusCode} ${said}`);
      assert.doesNotMatch(said, /\bat .*:\d+:\d+|node_modules/);
      const isPage = String(answer.headers['content-type']).startsWith('text/html');
      if (isPage && answer.headers.location === undefined) {
        assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1_500) },
  );
  assert.ok(![...seen].some((one) => one.endsWith(' 429')), 'everything is heard');
  assert.ok(seen.size > 60, [...seen].toSorted().join('\n'));
  assertQuiet();
});
