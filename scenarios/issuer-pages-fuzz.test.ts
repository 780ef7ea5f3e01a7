import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { request } from 'undici';
import { parse } from 'yaml';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const contract = parse(
  readFileSync(
    join(import.meta.dirname, '../packages/server/contract/issuer.openapi.yaml'),
    'utf8',
  ),
) as { paths: Record<string, Record<string, unknown>> };

/** Every page of people: what the protocol makes of its own endpoints is tested with the protocol. */
const pages = Object.entries(contract.paths)
  .filter(([path]) => /^\/(?:account|recover|enrol|sign-in)/.test(path))
  .flatMap(([path, item]) =>
    ['get', 'post'].filter((method) => method in item).map((method) => ({ method, path })),
  );

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
const asked = fc.record({
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

test('whatever is sent to a page of people, it is answered in order, keeps its headers, and is no fault of ours', async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url, { issuer: { passwords: true } });
  const person = await enrol(issuer, 'griet@example.test');
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, person.passkey);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(asked, async ({ page, to, body, isSignedIn, isOwnPage }) => {
      const { method, path } = page;
      const url = new URL(path.replace('{uid}', 'unknown'), issuer.origin);
      if (to !== undefined) url.searchParams.set('to', to.toWellFormed());
      const [type, sent] = body;
      const answer = await request(url, {
        method: method === 'get' ? 'GET' : 'POST',
        headers: {
          origin: isOwnPage ? issuer.origin : 'https://evil.test',
          ...(method === 'post' && { 'content-type': type }),
          ...(isSignedIn && { cookie: browser.cookie }),
        },
        ...(method === 'post' && { body: Buffer.from(sent) }),
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
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
});
