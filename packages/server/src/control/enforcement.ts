import { join } from 'node:path';
import type { Configuration } from '../configuration/schema.ts';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import type {
  FromControl,
  RuntimeSnapshot,
  StandingSnapshot,
} from '../messages/between-processes.ts';
import type { World } from '../platform/world/index.ts';
import type { CompiledConfiguration, ReadLink } from './compile/compiler-messages.ts';
import { type RightsOfOperations, unpackRights } from './compile/packed-rights.ts';
import { placedIn } from './configuration-faults.ts';
import type { IssuerFollower } from './issuer-follower.ts';
import { nextVersion } from './kept-files.ts';
import type { OpenControl } from './open-control.ts';
import type { AppliedChange, Change } from './protection/change.ts';
import type { ChangeDesk, Verdict } from './protection/change-desk.ts';
import { changeRecord } from './protection/change-record.ts';
import { changeNotice } from './protection/change-words.ts';
import { withWhatNeverWaits } from './protection/never-waits.ts';
import type { Serving } from './serving.ts';
import type { TrialDesk } from './trial-desk.ts';

/** What the gateway of this machine serves. */
export type Standing = StandingSnapshot & { readonly configuration: Configuration };

/** What was read and compiled, and the standard it was judged by. */
export interface JudgedConfiguration {
  readonly configuration: Configuration;
  readonly compiled: CompiledConfiguration;
  readonly standard: ChangeDesk['standard'];
}

export interface EnforcementPorts {
  readonly dataDirectory: string;
  /** Throws RefusedConfiguration. */
  readonly readLink: (configuration: Configuration) => Promise<ReadLink>;
  /** Where faults of the configuration are placed. */
  readonly where: string;
  readonly world: Pick<World, 'now'>;
  readonly serving: Serving;
  readonly changes: ChangeDesk;
  readonly issuers: IssuerFollower;
  readonly trial: TrialDesk;
  readonly send: (message: FromControl) => void;
  readonly onServed: () => void;
  /** Where our own authorization server keeps what it hands out, and what it records. */
  readonly issuerPlaces: (
    configuration: Configuration,
    open: OpenControl,
  ) => Pick<IssuerSnapshot, 'storage' | 'spool'>;
}

/**
 * Puts in force what was compiled, in the order in which nobody can be let in by it who is blocked, and
 * no weakening goes unrecorded. Knows what stands, also where a control before this one put it in force.
 */
export class Enforcement {
  readonly #ports: EnforcementPorts;
  #standing: Standing | null = null;
  /** Where that cannot be served. */
  #standingBefore: Standing | null = null;
  /** Of a control before this one: gateways on other machines have not heard of it from this one. */
  #isInherited = false;
  #rights: () => RightsOfOperations = () => new Map();

  constructor(ports: EnforcementPorts) {
    this.#ports = ports;
  }

  /** Null until anything is in force. */
  get standing(): Standing | null {
    return this.#standing;
  }

  /** What operations ask of their callers, by id. */
  get rights(): RightsOfOperations {
    return this.#rights();
  }

  /** What a control before this one put in force. */
  inherit(standing: Standing): void {
    this.#standing = standing;
    this.#isInherited = true;
  }

  /** False: something else is in force by now, and it must be judged again. */
  async putInForce(
    open: OpenControl,
    { configuration, compiled, standard }: JudgedConfiguration,
    change: AppliedChange,
  ): Promise<boolean> {
    const { issuers, trial, changes } = this.#ports;
    await issuers.follow(configuration);
    const { gate } = compiled.snapshot;
    const issuerKeys = compiled.isTrial ? gate.issuerKeys : issuers.keysFor(compiled.snapshot);
    const snapshot = { ...compiled.snapshot, gate: { ...gate, issuerKeys } };
    // Whoever serves by the snapshot must know who is blocked and revoked first.
    await open.gateways.live.publish();
    await this.#record(open, change, gate.version);
    // Before anybody serves the snapshot: a link that cannot open ends the start.
    await this.#meetGateways(open, compiled, configuration);
    await open.apply(configuration);
    const rights = unpackRights(compiled.rights);
    const offered = await trial.offer(compiled.isTrial, rights, open.operators.reachedAt);
    const isApplied = await changes.apply(standard, compiled.judgement, change);
    if (!isApplied) return false;
    this.#rights = rights;
    const { summary, issuer } = compiled;
    const placed = issuer && { ...issuer, ...this.#ports.issuerPlaces(configuration, open) };
    this.#serve(open, { snapshot, summary, trial: offered, issuer: placed, configuration });
    return true;
  }

  /** It protects less, and somebody is to be asked: what is in force stays, but for what may never wait. */
  async hold(
    open: OpenControl,
    { configuration, compiled }: JudgedConfiguration,
    { change, isNews }: Extract<Verdict, { kind: 'hold' }>,
  ): Promise<void> {
    const { serving, changes, issuers, send } = this.#ports;
    serving.held();
    if (isNews) {
      await this.#record(open, change, compiled.snapshot.gate.version);
      const isHeld = this.#standing === null;
      const notice = changeNotice(change, isHeld ? 'nothing is served' : 'held');
      send({ type: isHeld ? 'start-held' : 'notice', notice });
    }
    const { facts } = compiled.judgement.protection;
    if (changes.admitsSameGateways(facts)) {
      await this.#meetGateways(open, compiled, configuration);
    } else if (this.#standing !== null && this.#isInherited) {
      await this.#meetInherited(open, this.#standing);
    }
    const standing = this.#standing;
    if (standing === null) return;
    await issuers.follow(standing.configuration);
    const { snapshot } = standing;
    const renewed = withWhatNeverWaits(snapshot, compiled.snapshot, {
      isSameKeyFile: changes.before?.keyFile === facts.keyFile,
      issuerKeys: issuers.keysFor(snapshot),
    });
    if (renewed !== null) return this.#serve(open, { ...standing, snapshot: renewed });
    if (!this.#isInherited) return;
    const { version } = compiled.snapshot.gate;
    this.#serve(open, { ...standing, snapshot: asVersion(snapshot, version) });
  }

  /** What was inherited, unless this control has served it already, or another since. */
  async serveInherited(open: OpenControl): Promise<void> {
    const standing = this.#standing;
    if (standing === null || !this.#isInherited) return;
    const { dataDirectory, issuers, serving } = this.#ports;
    const version = nextVersion(join(dataDirectory, 'snapshot-version'));
    await issuers.follow(standing.configuration);
    await open.gateways.live.publish();
    await this.#meetInherited(open, standing);
    this.#serve(open, { ...standing, snapshot: asVersion(standing.snapshot, version) });
    // It is not what the files say.
    serving.refused();
  }

  /** It compiled, but could not be served: a listener of it cannot open. What was in force still is. */
  takeBack(): void {
    this.#ports.serving.refused();
    this.#standing = this.#standingBefore;
    void this.#ports.changes.takeBack();
  }

  /** What protects less is in the log before it is in force, or waits. */
  async #record(open: OpenControl, change: Change | AppliedChange, version: number): Promise<void> {
    if (change.count === 0) return;
    const { world, send } = this.#ports;
    await open.commit(changeRecord(change, version, world.now()));
    if ('approvedBy' in change) {
      send({ type: 'notice', notice: changeNotice(change, 'in force') });
    }
  }

  async #meetInherited(open: OpenControl, { snapshot, configuration }: Standing): Promise<void> {
    const read = await this.#ports.readLink(configuration);
    await this.#meetGateways(open, { snapshot, ...read }, configuration);
  }

  /** Gateways on other machines: nobody is met before it is known how long each may serve alone. */
  async #meetGateways(
    open: OpenControl,
    met: Pick<CompiledConfiguration, 'snapshot' | 'linkCredentials' | 'files'>,
    { link }: Configuration,
  ): Promise<void> {
    const { where, changes } = this.#ports;
    const before = changes.before?.ceilings['gateway.staleAfterMs'] ?? 0;
    open.gateways.remotes.begin(Math.max(before, met.snapshot.gate.staleAfterMs));
    await placedIn(where, met.files, () => open.gateways.remotes.apply(link, met.linkCredentials));
    open.nameGateways(link?.gateways ?? []);
  }

  #serve(open: OpenControl, next: Standing): void {
    const { serving, issuers, send, onServed } = this.#ports;
    this.#standingBefore = this.#standing;
    this.#standing = next;
    this.#isInherited = false;
    onServed();
    serving.compiled(next.snapshot.gate.version);
    send({ type: 'snapshot', ...next });
    open.gateways.remotes.snapshot(next.snapshot);
    issuers.tellSince(next.snapshot);
  }
}

function asVersion(snapshot: RuntimeSnapshot, version: number): RuntimeSnapshot {
  return { ...snapshot, gate: { ...snapshot.gate, version } };
}
