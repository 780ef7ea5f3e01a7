import { createHash, randomBytes } from 'node:crypto';
import { runningIssuer } from '../scenarios/world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person } from '../scenarios/world/person.fixture.ts';
import { SoftBrowser } from '../scenarios/world/soft-browser.fixture.ts';
import type { StartedIssuer } from './issuers/issuer-peer.ts';
import { ISSUER_PEERS, type StartedPoorterIssuer, startPoorterIssuer } from './issuers/issuers.ts';
import { measureWindow, type Window, writeLoadScript } from './load.ts';
import { cpuSeconds } from './processes.ts';
import type { Effort } from './scenarios.ts';
import { shown, spreadOf, table } from './tables.ts';
import type { World } from './world.ts';

export interface IssuerResult {
  readonly work: string;
  readonly peer: string;
  readonly windows: readonly Window[];
}

const CONNECTIONS = 16;
const AT_ONCE = 8;
const CALLBACK = 'https://app.bench.example/callback';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** What a token costs, beside other authorization servers where they are to be had; and what people cost. */
export async function runIssuer(world: World, effort: Effort): Promise<IssuerResult[]> {
  console.log('\nissuer');
  const results = await measurePeers(world, effort);
  for (const algorithm of ['ES256', 'EdDSA'] as const) {
    const started = await startPoorterIssuer(world, `issuer-people-${algorithm}`, {
      tokens: { algorithm },
    });
    results.push(...(await measurePeople(world, started, algorithm, effort)));
    await started.program.stop();
  }
  return results;
}

/** Machines: a secret for a token, and a question about one. */
async function measurePeers(world: World, { rounds, seconds }: Effort): Promise<IssuerResult[]> {
  const running = [];
  for (const peer of ISSUER_PEERS) {
    const missing = peer.unavailable();
    if (missing !== undefined) {
      console.log(`  left out: ${peer.name}: ${missing}`);
      continue;
    }
    const started = await peer.start(world, `issuer-${peer.name.replaceAll(' ', '-')}`);
    const token = await tokenOf(started);
    const scripts = {
      token: writeLoadScript(world, `${peer.name}-token`, [askFor(started)]),
      introspection: writeLoadScript(world, `${peer.name}-look`, [lookAt(started, token)]),
    };
    console.log(`  ${peer.name} ${peer.version()}`);
    // Some say nothing of a token that is a JWT.
    const { path, headers, body } = lookAt(started, token);
    const looked = await fetch(started.origin + path, { method: 'POST', headers, body });
    const looksAt = looked.status === 200;
    if (!looksAt) console.log(`  left out: introspection by ${peer.name}: ${looked.status}`);
    running.push({ name: peer.name, started, scripts, looksAt });
  }
  const results: {
    work: string;
    peer: string;
    windows: Window[];
    script: string;
    started: StartedIssuer;
  }[] = [];
  for (const { name, started, scripts, looksAt } of running) {
    const both = { peer: name, started };
    results.push({
      ...both,
      work: 'client credentials, ES256',
      windows: [],
      script: scripts.token,
    });
    if (!looksAt) continue;
    results.push({ ...both, work: 'introspection', windows: [], script: scripts.introspection });
  }
  for (let round = -2; round < rounds; round += 1) {
    for (const { started, script, windows } of results) {
      const target = { origin: started.origin, pid: started.program.pid };
      const window = await measureWindow(script, target, seconds, CONNECTIONS);
      // The first ones warm up: virtual machines compile for a while.
      if (round >= 0) windows.push(window);
    }
  }
  for (const { started } of running) await started.program.stop();
  return results.map(({ work, peer, windows }) => ({ work, peer, windows }));
}

async function tokenOf(started: StartedIssuer): Promise<string> {
  const { path, headers, body } = askFor(started);
  const answer = await fetch(started.origin + path, { method: 'POST', headers, body: body ?? '' });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  const [head = ''] = token?.split('.') ?? [];
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString() || '{}') as { alg?: string };
  if (token === undefined || alg !== 'ES256')
    throw new Error(`no token of ES256: ${answer.status} ${alg}`);
  return token;
}

function askFor({ tokenPath, client, asks }: StartedIssuer) {
  const body = String(new URLSearchParams({ grant_type: 'client_credentials', ...asks }));
  return { method: 'POST' as const, path: tokenPath, headers: headersOf(client), body };
}

function lookAt({ introspectionPath, client }: StartedIssuer, token: string) {
  const body = String(new URLSearchParams({ token }));
  return { method: 'POST' as const, path: introspectionPath, headers: headersOf(client), body };
}

function headersOf({ id, secret }: StartedIssuer['client']) {
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`);
  return { ...FORM, authorization: `Basic ${basic.toString('base64')}` };
}

/** People: whoever is signed in gets a code; a passkey signs in; a refresh token follows another. */
async function measurePeople(
  world: World,
  started: StartedPoorterIssuer,
  algorithm: string,
  { rounds, seconds }: Effort,
): Promise<IssuerResult[]> {
  const { run, origin } = started;
  const issuer = { ...runningIssuer({ url: origin } as never, origin), run };
  const [id = '', secret = ''] = (
    await run(
      ...['clients', 'create', '--name', 'App', '--profile', 'browser', '--scopes', 'accounts'],
      ...['--redirect-uri', CALLBACK],
    )
  ).split('\n');
  const app: App = { origin, headers: headersOf({ id, secret }), id };
  const people = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => enrol(issuer, `p${index}@bench.example`)),
  );
  const script = writeLoadScript(world, `token-${algorithm}`, [askFor(started)]);
  const signedIn = await Promise.all(people.map((person) => signIn(app, person)));
  const refreshes = await Promise.all(
    signedIn.map(({ tokens }) => String(tokens['refresh_token'])),
  );
  const works: readonly { work: string; once: (slot: number) => Promise<unknown> }[] = [
    {
      work: `code of somebody who is signed in, ${algorithm}`,
      once: async (slot) => redeem(app, await askCode(app, signedIn[slot]?.browser as SoftBrowser)),
    },
    {
      work: `refresh, ${algorithm}`,
      once: async (slot) => {
        const form = { grant_type: 'refresh_token', refresh_token: refreshes[slot] ?? '' };
        refreshes[slot] = String((await post(app, form))['refresh_token']);
      },
    },
    {
      work: `sign-in with a passkey, and its code, ${algorithm}`,
      once: (slot) => signIn(app, people[slot] as Person),
    },
  ];
  const results: (IssuerResult & { readonly windows: Window[] })[] = [];
  const { pid } = started.program;
  const machines: Window[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const window = await measureWindow(script, { origin, pid }, seconds, CONNECTIONS);
    if (round >= 0) machines.push(window);
  }
  results.push({
    work: `client credentials, ${algorithm}`,
    peer: 'Poorter, alone',
    windows: machines,
  });
  for (const { work, once } of works) {
    const windows: Window[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const window = await driven(pid, once, seconds);
      if (round >= 0) windows.push(window);
    }
    results.push({ work, peer: 'Poorter', windows });
  }
  return results;
}

interface App {
  readonly origin: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Asked {
  readonly back: string;
  readonly verifier: string;
}

async function signIn(app: App, person: Person) {
  const browser = new SoftBrowser(app.origin);
  const { url, verifier } = requestOf(app);
  // OpenID Connect Core §11: nobody stays signed in for an application without having said so.
  url.searchParams.set('prompt', 'consent');
  const back = await goThrough(browser, url, person);
  return { browser, tokens: await redeem(app, { back, verifier }) };
}

async function askCode(app: App, browser: SoftBrowser): Promise<Asked> {
  const { url, verifier } = requestOf(app);
  const { location } = await browser.get(`${url.pathname}${url.search}`);
  return { back: location ?? '', verifier };
}

function requestOf({ origin, id }: App): { readonly url: URL; readonly verifier: string } {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/auth', origin);
  url.search = String(
    new URLSearchParams({
      ...{ client_id: id, response_type: 'code', scope: 'openid offline_access accounts' },
      ...{ redirect_uri: CALLBACK, code_challenge_method: 'S256' },
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    }),
  );
  return { url, verifier };
}

function redeem(app: App, { back, verifier }: Asked) {
  const code = new URL(back, app.origin).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
  return post(app, { ...form, code_verifier: verifier });
}

async function post({ origin, headers }: App, form: Record<string, string>) {
  const body = String(new URLSearchParams(form));
  const answer = await fetch(`${origin}/token`, { method: 'POST', headers, body });
  const told = (await answer.json()) as Readonly<Record<string, unknown>>;
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}

/** What no load generator can do: each request comes of an answer. The driver's own time is not in it. */
async function driven(
  pid: number,
  once: (slot: number) => Promise<unknown>,
  seconds: number,
): Promise<Window> {
  const before = cpuSeconds(pid);
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const took: number[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, slot) => {
      while (performance.now() < until) {
        const from = performance.now();
        await once(slot);
        took.push(performance.now() - from);
      }
    }),
  );
  const sorted = took.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return {
    cpuMicrosPerCall: ((cpuSeconds(pid) - before) * 1e6) / took.length,
    callsPerSecond: (took.length * 1_000) / (performance.now() - startedAt),
    ...{ p50Ms: at(0.5), p99Ms: at(0.99) },
  };
}

export function issuerTable(results: readonly IssuerResult[]): string {
  const rows = results.map(({ work, peer, windows }) => [
    work,
    peer,
    shown(spreadOf(windows.map((one) => one.cpuMicrosPerCall / 1_000)), 2),
    shown(spreadOf(windows.map((one) => one.callsPerSecond))),
    shown(spreadOf(windows.map((one) => one.p50Ms)), 1),
    shown(spreadOf(windows.map((one) => one.p99Ms)), 1),
  ]);
  const head = ['work', 'server', 'CPU ms each', 'a second', 'p50 ms', 'p99 ms'];
  return `## issuer: what a token costs\n\n${table(head, rows)}`;
}
