import { type Call, measureWindow, type Window, writeLoadScript } from './load.ts';
import { type Issuer, ORDER } from './orders.ts';
import { caddy } from './peers/caddy.ts';
import { haproxy } from './peers/haproxy.ts';
import { krakend } from './peers/krakend.ts';
import { nginx } from './peers/nginx.ts';
import {
  joseAjvProxy,
  joseProxy,
  keyAjvProxy,
  undiciDispatch,
  undiciRequest,
} from './peers/node-peers.ts';
import type { Peer, Protection, ScenarioName, StartedPeer } from './peers/peer.ts';
import { poorter } from './peers/poorter.ts';
import { traefik } from './peers/traefik.ts';
import type { Upstream } from './upstream.ts';
import { verifyPeer } from './verify.ts';
import { freePort, untilAnswering, type World } from './world.ts';

export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  readonly protections: readonly Protection[];
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'bare', title: 'Bare proxying, small answer', protections: ['record'] },
  {
    name: 'jwt',
    title: 'JWT, scope and rate limit, small answer',
    protections: ['token', 'scope', 'limit', 'record'],
  },
  {
    name: 'fresh',
    title: 'The same, with another token on each call',
    protections: ['token', 'scope', 'limit', 'record'],
  },
  {
    name: 'everything',
    title: 'JWT, scope, rate limit, 2 KB request and 2 KB answer validated, record',
    protections: ['token', 'scope', 'limit', 'request body', 'answer', 'record'],
  },
  {
    name: 'key',
    title: 'API key, rate limit, 2 KB request and 2 KB answer validated, record',
    protections: ['key', 'limit', 'request body', 'answer', 'record'],
  },
];

const JWT_SCENARIOS: readonly ScenarioName[] = ['jwt', 'fresh', 'everything'];

/** In the order in which a round visits them. */
export const PEERS: readonly Peer[] = [
  poorter,
  undiciRequest,
  undiciDispatch,
  joseProxy,
  joseAjvProxy,
  keyAjvProxy,
  nginx,
  haproxy,
  caddy,
  traefik,
  krakend,
];

export const YARDSTICK = undiciRequest.name;

export interface PeerResult {
  readonly peer: string;
  readonly windows: readonly Window[];
  /** What the scenario asks for and this peer does not do. */
  readonly lacks: readonly Protection[];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly peers: readonly PeerResult[];
  readonly leftOut: readonly string[];
}

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
}

interface Contender {
  readonly peer: Peer;
  readonly started: StartedPeer;
  readonly origin: string;
  readonly script: string;
  readonly windows: Window[];
}

/** All peers run side by side; in every round each is loaded in turn while the others are idle. */
export async function runScenario(
  world: World,
  upstream: Upstream,
  issuer: Issuer,
  scenario: Scenario,
  options: Effort & { readonly peers: readonly Peer[] },
): Promise<ScenarioResult> {
  const contenders: Contender[] = [];
  const leftOut: string[] = [];
  for (const peer of options.peers) {
    if (peer.does[scenario.name] === undefined) {
      if (peer.staysOut !== undefined) leftOut.push(`${peer.name}: ${peer.staysOut}`);
      continue;
    }
    const missing = peer.unavailable?.();
    if (missing !== undefined) {
      leftOut.push(`${peer.name}: ${missing}`);
      continue;
    }
    try {
      contenders.push(await prepare(world, upstream, issuer, scenario, peer));
    } catch (error) {
      leftOut.push(`${peer.name}: ${(error as Error).message}`);
    }
  }
  const wanted = contenders.map(({ peer }) => peer.name);
  console.log(`\n${scenario.name}: ${wanted.join(', ')}`);
  for (const contender of contenders) await load(contender, options.seconds);
  for (let round = 0; round < options.rounds; round++) {
    for (const contender of contenders) {
      contender.windows.push(await load(contender, options.seconds));
    }
    console.log(`  round ${round + 1} of ${options.rounds}`);
  }
  await Promise.all(contenders.map(({ started }) => started.program.stop()));
  const peers = contenders.map(({ peer, windows }) => ({
    peer: peer.name,
    windows,
    lacks: scenario.protections.filter((one) => !peer.does[scenario.name]?.includes(one)),
  }));
  return { scenario, peers, leftOut };
}

async function prepare(
  world: World,
  upstream: Upstream,
  issuer: Issuer,
  scenario: Scenario,
  peer: Peer,
): Promise<Contender> {
  const port = await freePort();
  const folder = `${scenario.name}-${peer.name.replace(/\W+/g, '-')}`;
  world.makeFolder(folder);
  const started = await peer.start({
    world,
    upstream,
    issuer,
    folder,
    port,
    scenario: scenario.name,
  });
  const origin = `http://127.0.0.1:${port}`;
  try {
    await untilAnswering(`${origin}/v1/small`, started.program);
    const calls = callsOf(scenario.name, issuer, started.apiKey);
    const [call] = calls as [Call];
    await verifyPeer({ origin, started, call, issuer }, peer.does[scenario.name] ?? []);
    return { peer, started, origin, script: writeLoadScript(world, folder, calls), windows: [] };
  } catch (error) {
    await started.program.stop();
    throw error;
  }
}

function load(contender: Contender, seconds: number): Promise<Window> {
  const { script, origin, started, peer } = contender;
  return measureWindow(script, { origin, pid: started.program.pid }, seconds).catch((error) => {
    throw new Error(`loading ${peer.name}: ${(error as Error).message}`);
  });
}

/** More than any gate remembers: when the first comes again, it is forgotten. */
const FRESH_TOKENS = 25_000;

/** The calls that connections send in turn: one per caller. */
function callsOf(scenario: ScenarioName, issuer: Issuer, apiKey = ''): Call[] {
  if (scenario === 'bare') return [{ method: 'GET', path: '/v1/small', headers: {} }];
  const isRead = scenario === 'jwt' || scenario === 'fresh';
  const path = isRead ? '/v1/status' : '/v1/orders';
  const credentials = JWT_SCENARIOS.includes(scenario)
    ? issuer
        .tokens(scenario === 'fresh' ? FRESH_TOKENS : undefined)
        .map((token) => ({ Authorization: `Bearer ${token}` }))
    : [{ 'X-Api-Key': apiKey }];
  if (isRead) return credentials.map((headers) => ({ method: 'GET', path, headers }));
  return credentials.map((credential) => ({
    method: 'POST',
    path,
    headers: { ...credential, 'Content-Type': 'application/json' },
    body: ORDER,
  }));
}
