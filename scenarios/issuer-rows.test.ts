import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const upstream = await startRawUpstream({ after });
const issuer = await startIssuer({ after }, upstream.url);
const lasting = ['--scopes', 'accounts.read,offline_access'];
const application = await makeApplication(issuer, 'https://budget.test/callback', ...lasting);
const person = await enrol(issuer, 'griet@example.test');

async function comeIn(more: Readonly<Record<string, string>> = {}) {
  const browser = new SoftBrowser(issuer.origin);
  const asked = await askFor(application, more);
  return redeem(application, asked, await goThrough(browser, asked.url, person));
}

/** When each row of these ends, from now. */
function endsOf(file: string, from: string): number[] {
  const name = readdirSync(`${issuer.poorter.folder}/data`).find((one) => one === file);
  const database = new DatabaseSync(`${issuer.poorter.folder}/data/${name}`, { readOnly: true });
  const rows = database.prepare(`SELECT expires_at FROM ${from}`).all() as { expires_at: number }[];
  database.close();
  return rows.map(({ expires_at }) => expires_at - Date.now());
}

const over = (ends: readonly number[], ms: number) => ends.filter((end) => end > ms).length;

test('whoever signs in each day leaves one row that lasts: what they said yes to', async () => {
  for (let day = 0; day < 10; day += 1) await comeIn();
  for (const [file, from] of [
    ['state.sqlite', 'account_grant'],
    ['issuer.sqlite', "artefact WHERE kind = 'Grant'"],
  ] as const) {
    const ends = endsOf(file, from);
    assert.equal(ends.length, 10);
    assert.equal(over(ends, 9 * HOUR_MS), 1, `${from}: ${ends}`);
    assert.equal(over(ends, 179 * DAY_MS), 1);
  }
  const others = endsOf('issuer.sqlite', "artefact WHERE kind != 'Grant'");
  assert.equal(over(others, 9 * HOUR_MS), 0);
});

test('what lasts is kept as long: a refresh token, and a yes that is said anew in a browser that only held it', async () => {
  const before = over(endsOf('state.sqlite', 'account_grant'), 9 * HOUR_MS);
  const browser = new SoftBrowser(issuer.origin);
  const first = await askFor(application);
  await redeem(application, first, await goThrough(browser, first.url, person));
  assert.equal(over(endsOf('state.sqlite', 'account_grant'), 9 * HOUR_MS), before);
  const wish = { scope: 'openid accounts.read offline_access', prompt: 'consent' };
  const again = await askFor(application, wish);
  const { at } = await browser.follow(`${again.url.pathname}${again.url.search}`);
  const { location } = await browser.postForm(`${new URL(at).pathname}/consent`, {
    decision: 'allow',
  });
  const { at: back } = await browser.follow(String(location));
  const { refresh_token: token } = await redeem(application, again, back);
  assert.ok(token !== undefined);
  const ends = endsOf('state.sqlite', 'account_grant');
  assert.equal(over(ends, 179 * DAY_MS), before + 1);
});
