import {
  compileNetworkLists,
  compileOriginalCall,
  createIdentitySigner,
  Gate,
  type GateSessionQuestion,
  type GateSnapshot,
  type IdentitySigner,
  VerifiedTokens,
} from '@poorter/engine';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import { JsonLinesSink } from '../messages/json-lines-sink.ts';
import { RecordSpool } from '../messages/record-spool.ts';
import {
  ByteLedger,
  InFlightGauge,
  loadValkeyCounters,
  ProofTable,
  SharedCounters,
  type ValkeyCounters,
} from '../platform/counters/index.ts';
import type { Metric } from '../platform/metrics/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { SpoolPlaces, SpoolWriter } from '../platform/spool/index.ts';
import type { World } from '../platform/world/index.ts';
import { AnswerPause } from './answer-pause.ts';
import type { Applications } from './applications/applications.ts';
import { CallStatistics } from './call-statistics.ts';
import { collectorUnderPressure, REFUSING_PAUSE_MS } from './collect-garbage.ts';
import { Upstreams } from './forward/upstreams.ts';
import { ForwardAuthHosts } from './hosts/forward-auth.ts';
import { NOT_ASKED } from './introspection/introspection-table.ts';
import { Listeners } from './listeners.ts';
import type { OpenedListeners } from './listening-places.ts';
import { OpenedDescriptions } from './opened-descriptions.ts';
import { END, QuietMoments } from './quiet-moment.ts';
import type { Runtime } from './runtime.ts';
import type { CallHosts, RightsNow } from './serving-thread.ts';
import type { ThreadSeed } from './thread-messages.ts';

/** Records waiting for the disk, per thread; about 1 KB each. */
const RECORDS_PENDING_MAX = 20_000;
/** Calls of the version before may still wait for their count. */
const LAST_COUNTS_MS = 10_000;

export interface ThreadHostsPorts {
  readonly seed: ThreadSeed;
  readonly world: World;
  readonly rights: RightsNow;
  readonly notify: Notify;
}

interface OpenedParts {
  readonly identitySigner: IdentitySigner;
  readonly Valkey: Awaited<ReturnType<typeof loadValkeyCounters>> | null;
  readonly opened: GateSnapshot;
  readonly applications: Applications | null;
}

/** The listeners of one thread, and all that its calls are handled with. */
export class ThreadHosts implements CallHosts {
  readonly #ports: ThreadHostsPorts;
  readonly #counters: SharedCounters;
  readonly #inFlight: InFlightGauge;
  readonly #records: RecordSpool;
  readonly #quiet: QuietMoments;
  readonly #listeners: Listeners;
  readonly #forwardAuth: ForwardAuthHosts;
  readonly #collectGarbage: () => void;
  readonly #statistics = new CallStatistics();
  readonly #verifiedTokens = new VerifiedTokens();
  readonly #proofs: ProofTable;
  readonly #descriptions = new OpenedDescriptions();
  readonly #upstreams = new Upstreams();
  readonly #pause = new AnswerPause();
  #remote: { readonly text: string; readonly counters: ValkeyCounters } | null = null;
  #isServing = false;

  constructor(ports: ThreadHostsPorts) {
    this.#ports = ports;
    const { seed, world } = ports;
    this.#counters = new SharedCounters(seed.memory, seed.slot, world.monotonicMs);
    this.#proofs = new ProofTable(seed.memory, seed.slot, world.now);
    this.#inFlight = new InFlightGauge(seed.memory, seed.slot);
    this.#collectGarbage = collectorUnderPressure(world.monotonicMs);
    this.#records = openRecords(ports);
    this.#quiet = new QuietMoments({ memory: seed.quiet, slot: seed.slot, world }, this.#pause);
    this.#quiet.born(seed.snapshot.gate.version);
    this.#listeners = new Listeners(this.#statistics, this.#pause, world);
    this.#forwardAuth = new ForwardAuthHosts(this.#statistics, this.#pause, world);
  }

  get metrics(): readonly Metric[] {
    return this.#statistics.metrics(this.#inFlight.total, {
      areCountersAway: this.#remote?.counters.isAway === true,
      areRecordsStuck: this.#records.isInTrouble,
    });
  }

  async apply(snapshot: RuntimeSnapshot): Promise<readonly string[]> {
    const parts = await this.#openParts(snapshot);
    // At a start there is nothing that a place which cannot be had would have changed.
    const first = this.#isServing ? null : this.#runtimeOf(snapshot, parts);
    const opened = await this.#listeners.open(snapshot, first);
    let asked: OpenedListeners;
    try {
      asked = await this.#forwardAuth.open(snapshot, first);
    } catch (error) {
      opened.abort();
      throw error;
    }
    const runtime = first ?? this.#runtimeOf(snapshot, parts);
    const moment = this.#quiet.open(snapshot.gate.version);
    opened.commit(runtime, moment);
    asked.commit(runtime, moment);
    this.#isServing = true;
    return [...opened.addresses, ...asked.addresses];
  }

  async drain(atMs: number): Promise<void> {
    const { drainMs } = this.#ports.seed.snapshot.timeouts;
    const moment = this.#quiet.open(END, atMs);
    await Promise.all(
      [this.#listeners, this.#forwardAuth].map((hosts) => hosts.drain(moment, atMs + drainMs)),
    );
    await this.#records.close();
  }

  /** What can fail, and changes nothing. */
  async #openParts(snapshot: RuntimeSnapshot): Promise<OpenedParts> {
    const identitySigner = await createIdentitySigner(snapshot.identity);
    await this.#upstreams.prepare(snapshot.upstreams);
    const Valkey = snapshot.sharedCounters === null ? null : await loadValkeyCounters();
    const applications = await this.#openApplications(snapshot);
    const opened = await this.#descriptions.open(snapshot.gate);
    return { identitySigner, Valkey, opened, applications };
  }

  /** Loaded by gates at which browsers have sessions. */
  async #openApplications({ sessions, gate }: RuntimeSnapshot): Promise<Applications | null> {
    if (sessions == null) return null;
    const { openApplications } = await import('./applications/open-applications.ts');
    return openApplications({
      ...{ sessions, counters: this.#counters, capacity: gate.capacity },
      ...{ inFlight: () => this.#inFlight.total, world: this.#ports.world },
    });
  }

  /** From here on upstreams and counters are those of the snapshot. */
  #runtimeOf(snapshot: RuntimeSnapshot, parts: OpenedParts): Runtime {
    const { identitySigner, Valkey, opened, applications } = parts;
    const { sessions } = snapshot;
    const { seed, world, rights } = this.#ports;
    const { live, ongoing, issuerKeys, introspections, rolesRead, controlSilentMs } = rights;
    const endpoints = new Map(snapshot.introspection.map((one) => [one.issuer, one]));
    const remoteCounters = this.#remoteCounters(snapshot.sharedCounters, Valkey);
    const gate = new Gate(opened, {
      counters: this.#counters,
      remoteCounters,
      identitySigner,
      verifiedTokens: this.#verifiedTokens,
      showProof: (id, untilMs) => {
        const shown = this.#proofs.show(id, untilMs);
        if (shown !== 'first' || remoteCounters === undefined) return shown;
        return remoteCounters.showProof(id, untilMs);
      },
      // What all machines remember outlives this one.
      ...(remoteCounters === undefined && { shownSinceMs: seed.memory.sinceMs }),
      live,
      controlSilentMs,
      issuerKeys: (issuer) => issuerKeys.keysOf(issuer),
      unknownKeyId: (issuer, keyId) => issuerKeys.newKeys(issuer, keyId),
      introspect: (issuer, token) => {
        const endpoint = endpoints.get(issuer);
        if (endpoint === undefined) return NOT_ASKED.said;
        return introspections.ask(endpoint, token);
      },
      ...(sessions != null && {
        gateSession: ({ session, audience, isAnew }: GateSessionQuestion) =>
          introspections.ask(sessions.asking, `${audience} ${session}`, isAnew),
      }),
      rolesRead,
      inFlight: () => this.#inFlight.total,
    });
    this.#upstreams.apply(snapshot.upstreams);
    const { memoryBytes } = snapshot.bounds;
    return {
      ...{ snapshot, gate, applications },
      head: {
        ...snapshot.bounds,
        allowEncodedSlash: snapshot.allowEncodedSlash,
        originalCallOf: compileOriginalCall(snapshot.trustedProxies),
      },
      isTrustedProxy: trustedProxies(snapshot.trustedProxies),
      upstreams: this.#upstreams,
      records: this.#records,
      statistics: this.#statistics,
      inFlight: this.#inFlight,
      memory: new ByteLedger(seed.memory, seed.slot, memoryBytes, this.#collectGarbage),
      now: world.now,
      ...{ ongoing, pause: this.#pause },
    };
  }

  /** The connection outlives snapshots that do not change it. */
  #remoteCounters(
    shared: RuntimeSnapshot['sharedCounters'],
    Valkey: OpenedParts['Valkey'],
  ): ValkeyCounters | undefined {
    const { world, notify } = this.#ports;
    const text = JSON.stringify(shared);
    if (this.#remote?.text === text) return this.#remote.counters;
    const before = this.#remote?.counters;
    if (before !== undefined) world.after(LAST_COUNTS_MS, () => before.close());
    this.#remote = null;
    if (shared === null || Valkey === null) return undefined;
    const counters = new Valkey({ ...shared, local: this.#counters, notify, world });
    this.#remote = { text, counters };
    return counters;
  }
}

/** Fails where there is no spool: what cannot be recorded is not served. */
function openRecords({ seed, world, notify }: ThreadHostsPorts): RecordSpool {
  const { slot, spool, snapshot } = seed;
  if (spool === null || snapshot.spool === null) throw new Error('there is no spool for records');
  const { directory, key } = snapshot.spool;
  const writer = new SpoolWriter({
    ...{ directory, key, name: spool.name, places: new SpoolPlaces(spool.memory, slot) },
    notify,
  });
  const clearText =
    snapshot.records === null
      ? null
      : new JsonLinesSink({
          ...{ ...snapshot.records, pendingMax: RECORDS_PENDING_MAX, notify },
        });
  const collect = collectorUnderPressure(world.now, REFUSING_PAUSE_MS);
  return new RecordSpool(writer, clearText, collect);
}

/** An empty list trusts nobody, unlike a network list, which then allows everyone. */
function trustedProxies(networks: readonly string[]): (peer: string) => boolean {
  if (networks.length === 0) return () => false;
  return compileNetworkLists({ allow: networks, deny: [] });
}
