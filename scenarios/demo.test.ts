import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { startBank } from '../examples/bank/bank.ts';
import { commands } from '../packages/server/src/cli/commands.ts';
import { runCommand } from '../packages/server/src/cli/definition/run-command.ts';
import { recordingWorld } from '../packages/server/src/cli/definition/world.fixture.ts';
import { prepareDemo } from '../packages/server/src/cli/demo/prepare-demo.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { runningIssuer } from './world/own-issuer.fixture.ts';
import { enrolBy, goThrough, type Person } from './world/person.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const BANK = join(import.meta.dirname, '../examples/bank/bank.openapi.yaml');

const bank = await startBank();
after(() => bank.server.close());
const port = await unusedPort();
const origin = `http://localhost:${port}`;
const poorter = await startPoorter(
  { after },
  {
    description: parse(readFileSync(BANK, 'utf8')),
    upstream: bank.url,
    configuration: {
      issuer: { origin, address: `127.0.0.1:${port}` },
      api: { flows: ['redirect', 'embedded', 'decoupled', 'device'] },
    },
  },
);
const at = { origin, api: `${poorter.url}/v1` };
const data = join(poorter.folder, 'data');
const prepared = await prepareDemo(data, at, {});

/** As somebody types it, with the text so far. */
function running(...argv: readonly string[]) {
  const world = recordingWorld({ environment: process.env, now: Date.now });
  return { told: world.told, done: runCommand(['demo', ...argv, '--data', data], world, commands) };
}

/** What each question to the API itself was answered with, in order. */
function answersOf(out: string): string[] {
  const messages = out.split(`${at.api}/`).slice(1);
  return messages.map((message) => /^ {2}< (\d{3})$/m.exec(message)?.[1] ?? 'nothing');
}

/** Long enough to open something. */
const OPENS = /[A-Za-z0-9_.~-]{40,}/;

for (const [flow, answers] of [
  ['redirect', ['200']],
  ['embedded', ['200']],
  ['device', ['200']],
  ['decoupled', ['200']],
  ['machine', ['200', '401', '401']],
  ['payment', ['401', '201', '401']],
] as const) {
  test(`the demo runs ${flow} for real, shows each message, and nothing that opens anything`, async () => {
    const { told, done } = running(flow);
    assert.equal(await done, 0, told.err);
    assert.deepEqual(answersOf(told.out), answers);
    assert.match(told.out, /^ {2}> POST http:\/\/localhost:\d+\/token$/m);
    assert.match(told.out, /in the token: \{/);
    assert.doesNotMatch(told.out, OPENS);
    assert.ok(!told.out.includes(prepared.place.till.secret));
  });
}

test('whoever reads the demo takes the part of the person, and a person who refuses is told of', async () => {
  const browser = new SoftBrowser(at.origin);
  const passkey = await enrolBy(browser, new URL(prepared.link ?? '').hash.slice(1));
  const link = (out: string) => /^http:\/\/localhost:\d+\/auth\?.*$/m.exec(out)?.[0];
  const begin = async () => {
    const run = running('redirect', '--browser');
    await eventually('it names the page', () => link(run.told.out) !== undefined);
    return { ...run, url: new URL(link(run.told.out) ?? '') };
  };
  const yes = await begin();
  const back = await goThrough(browser, yes.url, { passkey } as Person);
  assert.equal((await call(back)).status, 200);
  assert.equal(await yes.done, 0, yes.told.err);
  assert.deepEqual(answersOf(yes.told.out), ['200']);

  const no = await begin();
  const error = new URL(no.url.searchParams.get('redirect_uri') ?? '');
  error.search = String(
    new URLSearchParams({
      ...{ error: 'access_denied', iss: at.origin },
      state: no.url.searchParams.get('state') ?? '',
    }),
  );
  assert.equal((await call(error.href)).status, 200);
  assert.equal(await no.done, 1);
  assert.match(no.told.err, /no code was given: access_denied/);

  const forged = await begin();
  error.searchParams.set('code', 'x'.repeat(43));
  await call(
    error.href.replace(error.port, new URL(forged.url.searchParams.get('redirect_uri') ?? '').port),
  );
  assert.equal(await forged.done, 1);
  assert.match(forged.told.err, /it did not come from/);
});

test('what the demo acts with is made once, kept from others, and known again at another address', async () => {
  assert.equal(statSync(join(data, 'demo.json')).mode & 0o777, 0o600);
  const again = await prepareDemo(data, { ...at, api: 'http://127.0.0.1:1/v1' }, {});
  assert.deepEqual({ ...again.place, api: at.api }, prepared.place);
  assert.equal(
    JSON.parse(readFileSync(join(data, 'demo.json'), 'utf8')).api,
    'http://127.0.0.1:1/v1',
  );
  await prepareDemo(data, at, {});
  const clients = await runningIssuer(poorter, at.origin).run('clients', 'list');
  assert.equal(clients.split('\n').length, 4);
});

test('an operator is told where applications and people find the authorization server', async () => {
  const { run } = runningIssuer(poorter, origin);
  assert.deepEqual((await run('issuer', 'discovery')).split('\n'), [
    `applications   ${origin}/.well-known/openid-configuration`,
    `applications   ${origin}/.well-known/oauth-authorization-server`,
    `people         ${origin}/account`,
  ]);
  const { discovery } = JSON.parse(await run('issuer', 'discovery', '--json'));
  for (const url of discovery) assert.equal(JSON.parse((await call(url)).text).issuer, origin);
});

test('a demo that was not prepared is told of, with what to do', async () => {
  const world = recordingWorld({ environment: {}, now: Date.now });
  const argv = ['demo', 'redirect', '--data', join(poorter.folder, 'nowhere')];
  assert.equal(await runCommand(argv, world, commands), 1);
  assert.match(world.told.err, /no demo was prepared in .*nowhere: start one with `npm start`/);
});

test('the sample page has a client of its own, keeps it, and has another where it stands elsewhere', async () => {
  const page = 'http://localhost:8070';
  const { place } = await prepareDemo(data, { ...at, page }, {});
  assert.equal((await prepareDemo(data, { ...at, page }, {})).place.page?.id, place.page?.id);
  const moved = await prepareDemo(data, { ...at, page: 'http://localhost:8071' }, {});
  assert.notEqual(moved.place.page?.id, place.page?.id);
  assert.equal(moved.place.application.id, prepared.place.application.id, 'the rest stays');
});
