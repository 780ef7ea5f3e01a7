import { parentPort, workerData } from 'node:worker_threads';
import {
  compileNetworkLists,
  compileOriginalCall,
  createIdentitySigner,
  Gate,
  LiveRights,
  VerifiedTokens,
} from '@poorter/engine';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import { JsonLinesSink } from '../messages/json-lines-sink.ts';
import { RecordSpool } from '../messages/record-spool.ts';
import { bootMs, monotonicMs } from '../platform/clock/index.ts';
import {
  ByteLedger,
  InFlightGauge,
  loadValkeyCounters,
  SharedCounters,
  type ValkeyCounters,
} from '../platform/counters/index.ts';
import { PlaceFault } from '../platform/processes/index.ts';
import { SpoolPlaces, SpoolWriter } from '../platform/spool/index.ts';
import { AnswerPause } from './answer-pause.ts';
import { CallStatistics } from './call-statistics.ts';
import { collectorUnderPressure, REFUSING_PAUSE_MS } from './collect-garbage.ts';
import { Upstreams } from './forward/upstreams.ts';
import { ForwardAuthHosts } from './hosts/forward-auth.ts';
import { IssuerKeyTable } from './issuer-key-table.ts';
import { Listeners, type OpenedListeners } from './listeners.ts';
import { OpenedDescriptions } from './opened-descriptions.ts';
import { END, QuietMoments } from './quiet-moment.ts';
import { RolesReport } from './roles-report.ts';
import type { Runtime } from './runtime.ts';
import type { FromThread, ThreadSeed, ToThread } from './thread-messages.ts';

const HEARTBEAT_EVERY_MS = 200;
const METRICS_EVERY_MS = 1_000;
/** Records waiting for the disk, per thread; about 1 KB each. */
const RECORDS_PENDING_MAX = 20_000;

const seed = workerData as ThreadSeed;
const counters = new SharedCounters(seed.memory, seed.slot, monotonicMs);
const inFlight = new InFlightGauge(seed.memory, seed.slot);
const heartbeats = new Float64Array(seed.heartbeats);
const statistics = new CallStatistics();
const verifiedTokens = new VerifiedTokens();
const live = new LiveRights(seed.live);
const issuerKeys = new IssuerKeyTable((issuer, keyId) =>
  tell({ type: 'unknown-key-id', issuer, keyId }),
);
const roles = new RolesReport((issuer, claim, isFound) =>
  tell({ type: 'roles-read', issuer, claim, isFound }),
);
issuerKeys.adopt(seed.snapshot.gate);
const records = openRecords();
const collectGarbage = collectorUnderPressure(monotonicMs);
const descriptions = new OpenedDescriptions();
const upstreams = new Upstreams();
const pause = new AnswerPause();
const quiet = new QuietMoments(seed.quiet, seed.slot, pause);
quiet.born(seed.snapshot.gate.version);
const listeners = new Listeners(statistics, pause);
const forwardAuth = new ForwardAuthHosts(statistics, pause);
let remote: { readonly text: string; readonly counters: ValkeyCounters } | null = null;
let inForce: RuntimeSnapshot | null = null;
/** Snapshots are applied one after the other, in the order they came. */
let applying: Promise<void> = apply(seed.snapshot);

setInterval(() => {
  heartbeats[seed.slot] = monotonicMs();
}, HEARTBEAT_EVERY_MS);
setInterval(() => {
  const troubles = {
    areCountersAway: remote?.counters.isAway === true,
    areRecordsStuck: records.isInTrouble,
  };
  tell({ type: 'metrics', metrics: statistics.metrics(inFlight.total, troubles) });
}, METRICS_EVERY_MS);

parentPort?.on('message', (message: ToThread) => {
  switch (message.type) {
    // Between two calls, without waiting for a snapshot that is being opened.
    case 'live':
    case 'live-change':
      live.take(message);
      return tell({ type: 'live-applied', sequence: live.sequence });
    case 'issuer-keys':
      return issuerKeys.hear(message);
    case 'snapshot':
      // At once, so that keys told after it are not overtaken by its own.
      issuerKeys.adopt(message.snapshot.gate);
      applying = applying.then(() => apply(message.snapshot));
      return;
    case 'drain':
      applying = applying.then(() => drain(message.atMs));
      return;
    default:
      message satisfies never;
  }
});

/** Builds the new runtime whole, then swaps it in one assignment: a call sees one version or the other. */
async function apply(snapshot: RuntimeSnapshot): Promise<void> {
  const { version } = snapshot.gate;
  try {
    const parts = await openParts(snapshot);
    // At a start there is nothing that a place which cannot be had would have changed.
    const first = inForce === null ? runtimeOf(snapshot, parts) : null;
    const opened = await listeners.open(snapshot, first);
    let asked: OpenedListeners;
    try {
      asked = await forwardAuth.open(snapshot, first);
    } catch (error) {
      opened.abort();
      throw error;
    }
    const runtime = first ?? runtimeOf(snapshot, parts);
    const moment = quiet.open(version);
    opened.commit(runtime, moment);
    asked.commit(runtime, moment);
    inForce = snapshot;
    heartbeats[seed.slot] = monotonicMs();
    tell({ type: 'ready', version, addresses: [...opened.addresses, ...asked.addresses] });
  } catch (error) {
    if (inForce !== null) issuerKeys.restore(inForce.gate);
    const why = error instanceof PlaceFault ? error.message : String(error);
    tell({ type: 'failed', version, message: `applying version ${version}: ${why}` });
  }
}

/** What can fail, and changes nothing. */
async function openParts(snapshot: RuntimeSnapshot) {
  const identitySigner = await createIdentitySigner(snapshot.identity);
  await upstreams.prepare(snapshot.upstreams);
  const Valkey = snapshot.sharedCounters === null ? null : await loadValkeyCounters();
  return { identitySigner, Valkey, opened: await descriptions.open(snapshot.gate) };
}

/** From here on upstreams and counters are those of the snapshot. */
function runtimeOf(
  snapshot: RuntimeSnapshot,
  { identitySigner, Valkey, opened }: Awaited<ReturnType<typeof openParts>>,
): Runtime {
  const gate = new Gate(opened, {
    counters,
    remoteCounters: remoteCounters(snapshot.sharedCounters, Valkey),
    identitySigner,
    verifiedTokens,
    live,
    controlSilentMs: () => bootMs() - (heartbeats[seed.slots] as number),
    issuerKeys: (issuer) => issuerKeys.keysOf(issuer),
    unknownKeyId: (issuer, keyId) => issuerKeys.newKeys(issuer, keyId),
    rolesRead: roles.hear,
    inFlight: () => inFlight.total,
  });
  upstreams.apply(snapshot.upstreams);
  return {
    snapshot,
    gate,
    head: {
      ...snapshot.bounds,
      allowEncodedSlash: snapshot.allowEncodedSlash,
      originalCallOf: compileOriginalCall(snapshot.trustedProxies),
    },
    isTrustedProxy: trustedProxies(snapshot.trustedProxies),
    upstreams,
    records,
    statistics,
    inFlight,
    memory: new ByteLedger(seed.memory, seed.slot, snapshot.bounds.memoryBytes, collectGarbage),
    now: Date.now,
    pause,
  };
}

/** The connection outlives snapshots that do not change it. */
function remoteCounters(
  shared: RuntimeSnapshot['sharedCounters'],
  Valkey: Awaited<ReturnType<typeof loadValkeyCounters>> | null,
): ValkeyCounters | undefined {
  const text = JSON.stringify(shared);
  if (remote?.text === text) return remote.counters;
  const before = remote?.counters;
  // Calls of the version before may still wait for their count.
  if (before !== undefined) setTimeout(() => before.close(), 10_000).unref();
  remote = null;
  if (shared === null || Valkey === null) return undefined;
  const onTrouble = (message: string) => tell({ type: 'trouble', message });
  remote = { text, counters: new Valkey({ ...shared, local: counters, onTrouble }) };
  return remote.counters;
}

/** Fails where there is no spool: what cannot be recorded is not served. */
function openRecords(): RecordSpool {
  const onTrouble = (message: string) => tell({ type: 'trouble', message });
  const { spool, snapshot } = seed;
  if (spool === null || snapshot.spool === null) throw new Error('there is no spool for records');
  const { directory, key } = snapshot.spool;
  const places = new SpoolPlaces(spool.memory, seed.slot);
  const writer = new SpoolWriter({ directory, name: spool.name, key, places, onTrouble });
  const clearText =
    snapshot.records === null
      ? null
      : new JsonLinesSink({ ...snapshot.records, pendingMax: RECORDS_PENDING_MAX, onTrouble });
  const collect = collectorUnderPressure(Date.now, REFUSING_PAUSE_MS);
  return new RecordSpool(writer, clearText, collect);
}

/** An empty list trusts nobody, unlike a network list, which then allows everyone. */
function trustedProxies(networks: readonly string[]): (peer: string) => boolean {
  if (networks.length === 0) return () => false;
  return compileNetworkLists({ allow: networks, deny: [] });
}

async function drain(atMs: number): Promise<void> {
  const { drainMs } = seed.snapshot.timeouts;
  const moment = quiet.open(END, atMs);
  await Promise.all([listeners, forwardAuth].map((hosts) => hosts.drain(moment, atMs + drainMs)));
  await records.close();
  tell({ type: 'drained' });
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}
