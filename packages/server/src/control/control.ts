import { join } from 'node:path';
import type { Diagnostic } from '@poorter/openapi';
import { baseDirectory, loadConfiguration } from '../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type {
  ControlSeat,
  FromControl,
  FromGateway,
  RuntimeSnapshot,
  StandingSnapshot,
  ToControl,
} from '../messages/between-processes.ts';
import type { CallRecord } from '../messages/call-record.ts';
import { awaitLock, type DirectoryLock } from '../platform/data-directory/index.ts';
import { programVersion } from '../platform/processes/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type { CompiledConfiguration, CompileOrder } from './compile/compiler-messages.ts';
import { type RightsOfOperations, unpackRights } from './compile/packed-rights.ts';
import { readLinkCredentials, readOperatorAddress } from './compile/read-endpoints.ts';
import { SourceReader } from './compile/source-reader.ts';
import { CompilerHost } from './compiler-host.ts';
import { faultIn, placedIn } from './configuration-faults.ts';
import type { ApplyOutcome } from './configuration-routes.ts';
import { FileWatch } from './file-watch.ts';
import { loadIdentityKeys } from './identity-keys.ts';
import { IssuerFollower } from './issuer-follower.ts';
import { KeptIssuerKeys, nextVersion } from './kept-files.ts';
import { OpenControl } from './open-control.ts';
import { outcomeOf } from './protection/apply-outcome.ts';
import type { AppliedChange, Change } from './protection/change.ts';
import { ChangeDesk } from './protection/change-desk.ts';
import { changeRecord } from './protection/change-record.ts';
import { asBefore, sentenceOf } from './protection/change-words.ts';
import { withWhatNeverWaits } from './protection/never-waits.ts';
import { RolesSeen } from './roles-seen.ts';
import { Serving } from './serving.ts';
import { tellOfRestore } from './tell-of-restore.ts';
import { TrialDesk } from './trial-desk.ts';

/** Whoever applied something is told that it is in force when it is served. */
const SERVED_WAIT_MS = 8_000;
/** While a database, a port or a file cannot be had, and no file that is watched will change. */
const AGAIN_MS = 2_000;
/** A control whose supervisor died ends within this time. */
const PREDECESSOR_WAIT_MS = 10_000;

type Standing = StandingSnapshot & { readonly configuration: Configuration };

/**
 * Reads the configuration and everything it names, compiles it, and puts it in force: in the order in
 * which nobody can be let in by it who is blocked, and no weakening goes unrecorded.
 */
export class Control {
  readonly #seat: ControlSeat;
  readonly #world: World;
  readonly #send: (message: FromControl) => void;
  /** Where faults of the configuration are placed. */
  readonly #where: string;
  readonly #baseDirectory: string;
  readonly #serving: Serving;
  readonly #changes: ChangeDesk;
  readonly #compiler: CompilerHost;
  readonly #issuers: IssuerFollower;
  readonly #watch: FileWatch;
  readonly #trial: TrialDesk;
  readonly #rolesSeen = new RolesSeen();
  /** Its stores, and those who work on them; null until a configuration says where they are. */
  #open: OpenControl | null = null;
  /** What the gateway of this machine serves, once anything is in force. */
  #standing: Standing | null = null;
  /** Where that cannot be served. */
  #standingBefore: Standing | null = null;
  /** Of a control before this one: gateways on other machines have not heard of it from this one. */
  #isStandingInherited = false;
  #rights: () => RightsOfOperations = () => new Map();
  /** Locks are held until this process is gone. */
  readonly #held: DirectoryLock[] = [];
  #compiling: Promise<void> | null = null;
  #isCompileWanted = false;
  #again: Timer | null = null;
  /** Why the last attempt failed that is made again; '': it is not. */
  #refusal = '';
  #isClosing = false;

  constructor(seat: ControlSeat, world: World, send: (message: FromControl) => void) {
    const { dataDirectory, source, runsGateway } = seat;
    this.#seat = seat;
    this.#world = world;
    this.#send = send;
    this.#where = source.file ?? 'arguments';
    this.#baseDirectory = baseDirectory(source);
    this.#serving = new Serving(runsGateway, world);
    this.#changes = new ChangeDesk({
      ...{ dataDirectory, now: world.now },
      warn: (message) => this.#warn('state', message),
    });
    this.#compiler = new CompilerHost(world);
    this.#trial = new TrialDesk(seat);
    this.#watch = new FileWatch(world, () => void this.#requestCompile());
    this.#issuers = new IssuerFollower({
      ...{ baseDirectory: this.#baseDirectory, world },
      kept: new KeptIssuerKeys(join(dataDirectory, 'issuer-keys.json'), world.now),
      tell: (message) => {
        send(message);
        this.#open?.gateways.remotes.send(message);
      },
      onChange: () => void this.#requestCompile(),
      warn: (issuer, message) => this.#warn('issuer-keys', `keys of ${issuer}: ${message}`),
    });
  }

  /** From the supervisor. */
  receive(message: ToControl): void {
    switch (message.type) {
      case 'standing':
        this.#standing = message.standing as Standing;
        this.#isStandingInherited = true;
        return;
      case 'reload':
        void this.#requestCompile();
        return;
      case 'drain':
        return this.#serving.draining();
      case 'stop':
        return;
      case 'gateway-up':
        this.#serving.gatewayUp();
        return this.#open?.gateways.local.up();
      case 'gateway-down':
        this.#open?.gateways.local.down();
        return this.#serving.gatewayDown();
      case 'gateway':
        return this.#heard(message.report);
      default:
        message satisfies never;
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#watch.close();
    this.#again?.cancel();
    await this.#compiler.end();
    await this.#open?.close();
    await this.#changes.close();
  }

  /** From the gateway of this machine. */
  #heard(report: FromGateway): void {
    this.#open?.gateways.local.heard(report);
    this.#note(report);
    const isNewest = report.type === 'failed' && report.version === this.#serving.versions.compiled;
    if (isNewest) this.#takeBack();
    this.#serving.heard(report);
  }

  /** What any gateway has met. */
  #note(report: FromGateway): void {
    if (report.type === 'unknown-key-id') this.#issuers.refetch(report.issuer, report.keyId);
    if (report.type === 'roles-read') this.#rolesSeen.hear(report);
  }

  /** One compile at a time; what is asked for meanwhile becomes one more. Done when that is. */
  #requestCompile(): Promise<void> {
    this.#isCompileWanted = true;
    this.#compiling ??= this.#compileWhatIsWanted();
    return this.#compiling;
  }

  async #compileWhatIsWanted(): Promise<void> {
    try {
      while (this.#isCompileWanted && !this.#isClosing) {
        this.#isCompileWanted = false;
        await this.#compile();
      }
    } finally {
      // At once: whoever asks from now on starts another.
      this.#compiling = null;
    }
  }

  async #compile(): Promise<void> {
    const { file } = this.#seat.source;
    const files = file === null ? [] : [file];
    const readAfterMs = this.#world.now();
    try {
      const configuration = await this.#configuration();
      this.#changes.begin();
      const open = await this.#opened(configuration);
      const standard = this.#changes.standard;
      const compiled = await this.#compiler.compile({
        ...(await this.#order(configuration, open)),
        before: standard,
      });
      // A gateway could not serve what it was held against.
      if (standard !== this.#changes.standard) return void this.#requestCompile();
      const { operated, judgement } = compiled;
      const verdict = this.#changes.decide(judgement);
      const isHeld = verdict.kind === 'hold';
      this.#watch.follow([...files, ...operated.files, ...compiled.files], {
        ...{ keep: isHeld, readAfterMs },
      });
      if (compiled.warnings.length > 0) {
        this.#send({ type: 'warnings', diagnostics: compiled.warnings });
      }
      if (isHeld) {
        return await this.#hold(open, compiled, configuration, verdict.change, verdict.isNews);
      }
      await this.#listen(open, operated);
      await this.#issuers.follow(configuration);
      const { gate } = compiled.snapshot;
      const issuerKeys = compiled.isTrial
        ? gate.issuerKeys
        : this.#issuers.keysFor(compiled.snapshot);
      const snapshot = { ...compiled.snapshot, gate: { ...gate, issuerKeys } };
      // Whoever serves by the snapshot must know who is blocked and revoked first.
      await open.gateways.live.publish();
      await this.#record(open, verdict.change, gate.version);
      // Before anybody serves the snapshot: a link that cannot open ends the start.
      await this.#meetGateways(open, compiled, configuration);
      await open.apply(configuration);
      const rights = unpackRights(compiled.rights);
      const trial = await this.#trial.offer(compiled.isTrial, rights, open.operators.reachedAt);
      const isApplied = await this.#changes.apply(standard, judgement, verdict.change);
      if (!isApplied) return void this.#requestCompile();
      this.#rights = rights;
      this.#serve(open, { ...{ snapshot, summary: compiled.summary, trial, configuration } });
    } catch (error) {
      await this.#refuse(error, files, readAfterMs);
    }
  }

  /** Before operators can ask anything, nobody waits for this process: meanwhile the thread starts. */
  async #configuration(): Promise<Configuration> {
    const { source } = this.#seat;
    if (this.#open !== null) return this.#compiler.load(source);
    const configuration = loadConfiguration(source);
    this.#compiler.take(source, configuration);
    return configuration;
  }

  async #order(
    configuration: Configuration,
    { state, recorder }: OpenControl,
  ): Promise<Omit<CompileOrder, 'before'>> {
    const { dataDirectory } = this.#seat;
    const { ring } = state;
    const issuers = configuration.trust.issuers.map(({ issuer }) => issuer);
    return {
      dataDirectory,
      identityKeys: await loadIdentityKeys(dataDirectory, this.#world.now(), ring),
      spool: recorder.spool,
      issuerKeys: this.#issuers.keysOfAll(issuers),
      trialKeys: await this.#trial.keysFor(configuration),
      digestKey: ring.derive('configuration digest'),
    };
  }

  async #refuse(error: unknown, files: readonly string[], readAfterMs: number): Promise<void> {
    // Given up, and not refused.
    if (this.#isClosing) return;
    const refused = error instanceof RefusedConfiguration ? error : null;
    // The broken file is watched too: mending it is noticed.
    this.#watch.follow([...files, ...(refused?.files ?? [])], { keep: true, readAfterMs });
    const diagnostics = refused?.diagnostics ?? [faultIn(this.#where, error)];
    this.#serving.refused();
    this.#changes.refuse(diagnostics);
    const isTriedAgain = !(await this.#isAtWork());
    // Whoever changed a file is told each time; what is tried again and again, once.
    const said = isTriedAgain ? JSON.stringify(diagnostics) : '';
    const isNews = said === '' || said !== this.#refusal;
    if (isNews) this.#send({ type: 'refused', diagnostics, isTriedAgain });
    this.#refusal = said;
    if (!isTriedAgain || this.#isClosing) return;
    this.#again ??= this.#world.after(AGAIN_MS, () => {
      this.#again = null;
      void this.#requestCompile();
    });
  }

  /**
   * Where something is in force, also of a control before this one: whoever asks why another cannot be is
   * answered, and its gateways hear from this one.
   */
  async #isAtWork(): Promise<boolean> {
    const standing = this.#standing;
    // The first start ends with what it could not do.
    if (standing === null) return true;
    try {
      const open = await this.#opened(standing.configuration);
      if (this.#isStandingInherited) await this.#serveInherited(open, standing);
      return true;
    } catch {
      return false;
    }
  }

  /** What a control before this one put in force. */
  async #serveInherited(open: OpenControl, standing: Standing): Promise<void> {
    const { snapshot, configuration } = standing;
    const version = nextVersion(join(this.#seat.dataDirectory, 'snapshot-version'));
    await this.#issuers.follow(configuration);
    await open.gateways.live.publish();
    await this.#meetInherited(open, standing);
    this.#serve(open, { ...standing, snapshot: asVersion(snapshot, version) });
    // It is not what the files say.
    this.#serving.refused();
  }

  async #meetInherited(open: OpenControl, { snapshot, configuration }: Standing): Promise<void> {
    const { link } = configuration;
    const reader = new SourceReader(this.#where, this.#baseDirectory);
    const linkCredentials = link === undefined ? null : readLinkCredentials(link, reader);
    const { errors, files } = reader;
    if (errors.length > 0) throw new RefusedConfiguration(errors, files);
    await this.#meetGateways(open, { snapshot, linkCredentials, files }, configuration);
  }

  /**
   * Once: what must be there before anything can be judged, and the address where operators ask and
   * answer. By the configuration in force, where one is: the new one may not count yet.
   */
  async #opened(configuration: Configuration): Promise<OpenControl> {
    const first = this.#standing?.configuration ?? asBefore(configuration, this.#changes.before);
    const known = this.#open;
    if (known?.operators.isListening === true) return known;
    const open = known ?? (await this.#openStores(first));
    const { dataDirectory } = this.#seat;
    await tellOfRestore(dataDirectory, this.#world.now(), (record) => commit(open, record));
    await this.#listen(open, readOperatorAddress(first, this.#where, this.#baseDirectory));
    return open;
  }

  async #openStores(configuration: Configuration): Promise<OpenControl> {
    const { dataDirectory } = this.#seat;
    // A predecessor whose supervisor was killed promises gateways time until it is gone.
    if (this.#held.length === 0) {
      this.#held.push(await awaitLock(dataDirectory, 'control', PREDECESSOR_WAIT_MS));
    }
    const open = await OpenControl.open({
      ...{ configuration, baseDirectory: this.#baseDirectory, dataDirectory, world: this.#world },
      ...{ serving: this.#serving, changes: this.#changes },
      warn: (about, message) => this.#warn(about, message),
      sendLive: this.#send,
      heardFrom: (gateway, report) => {
        this.#note(report);
        this.#serving.heardFrom(gateway, report);
      },
      rights: () => this.#rights(),
      trial: () => this.#trial.offered,
      status: () => ({
        version: programVersion(),
        attention: this.#rolesSeen.attention(this.#standing?.configuration.trust),
      }),
      applyConfiguration: (digest, operator) => this.#applyConfiguration(digest, operator),
    });
    if (this.#serving.isGatewayUp) open.gateways.local.up();
    this.#open = open;
    return open;
  }

  /** Where operators ask. */
  async #listen(
    open: OpenControl,
    { address, files }: ReturnType<typeof readOperatorAddress>,
  ): Promise<void> {
    await placedIn(this.#where, files, () => open.operators.listen(address));
    this.#send({ type: 'listening', address: open.operators.address });
    await open.announce();
  }

  /** Gateways on other machines: nobody is met before it is known how long each may serve alone. */
  async #meetGateways(
    open: OpenControl,
    {
      snapshot,
      linkCredentials,
      files,
    }: Pick<CompiledConfiguration, 'snapshot' | 'linkCredentials' | 'files'>,
    { link }: Configuration,
  ): Promise<void> {
    const before = this.#changes.before?.ceilings['gateway.staleAfterMs'] ?? 0;
    open.gateways.remotes.begin(Math.max(before, snapshot.gate.staleAfterMs));
    await placedIn(this.#where, files, () => open.gateways.remotes.apply(link, linkCredentials));
    open.nameGateways(link?.gateways ?? []);
  }

  #serve(open: OpenControl, next: Standing): void {
    this.#standingBefore = this.#standing;
    this.#standing = next;
    this.#isStandingInherited = false;
    this.#refusal = '';
    this.#serving.compiled(next.snapshot.gate.version);
    this.#send({ type: 'snapshot', ...next });
    open.gateways.remotes.snapshot(next.snapshot);
    this.#issuers.tellSince(next.snapshot);
  }

  /** It compiled, but could not be served: a listener of it cannot open. What was in force still is. */
  #takeBack(): void {
    this.#serving.refused();
    this.#standing = this.#standingBefore;
    void this.#changes.takeBack();
  }

  /** It protects less, and somebody is to be asked: what is in force stays, but for what may never wait. */
  async #hold(
    open: OpenControl,
    compiled: CompiledConfiguration,
    configuration: Configuration,
    change: Change,
    isNews: boolean,
  ): Promise<void> {
    this.#serving.held();
    if (isNews) {
      await this.#record(open, change, compiled.snapshot.gate.version);
      const isHeld = this.#standing === null;
      const text = sentenceOf(change, isHeld ? 'nothing is served' : 'held');
      this.#send({ type: 'said', text, isHeld });
    }
    if (this.#changes.admitsSameGateways(compiled.judgement.protection.facts)) {
      await this.#meetGateways(open, compiled, configuration);
    } else if (this.#standing !== null && this.#isStandingInherited) {
      await this.#meetInherited(open, this.#standing);
    }
    const standing = this.#standing;
    if (standing === null) return;
    await this.#issuers.follow(standing.configuration);
    const { snapshot } = standing;
    const renewed = withWhatNeverWaits(snapshot, compiled.snapshot, {
      isSameKeyFile: this.#changes.before?.keyFile === compiled.judgement.protection.facts.keyFile,
      issuerKeys: this.#issuers.keysFor(snapshot),
    });
    if (renewed !== null) return this.#serve(open, { ...standing, snapshot: renewed });
    if (!this.#isStandingInherited) return;
    const { version } = compiled.snapshot.gate;
    this.#serve(open, { ...standing, snapshot: asVersion(snapshot, version) });
  }

  /** What protects less is in the log before it is in force, or waits. */
  async #record(open: OpenControl, change: Change | AppliedChange, version: number): Promise<void> {
    if (change.count === 0) return;
    await commit(open, changeRecord(change, version, this.#world.now()));
    if ('approvedBy' in change) {
      this.#send({ type: 'said', text: sentenceOf(change, 'in force'), isHeld: false });
    }
  }

  /** `poorter apply`: the files are read again, and only what was looked at may come of it. */
  async #applyConfiguration(digest: string, operator: string): Promise<ApplyOutcome> {
    const changes = this.#changes;
    const isWanted = changes.waiting?.digest === digest;
    if (isWanted) {
      changes.approve(digest, operator);
      await this.#requestCompile().finally(() => changes.withdrawApproval());
    }
    const served =
      this.#standing === null ? null : { fault: await this.#serving.awaitServed(SERVED_WAIT_MS) };
    const { compiled } = this.#serving.versions;
    return outcomeOf(changes, { digest, isWanted, served, version: compiled });
  }

  #warn(code: string, message: string): void {
    const place = { file: this.#where, line: 1, column: 1 };
    const diagnostic: Diagnostic = { severity: 'warning', code, ...place, message };
    this.#send({ type: 'warnings', diagnostics: [diagnostic] });
  }
}

function asVersion(snapshot: RuntimeSnapshot, version: number): RuntimeSnapshot {
  return { ...snapshot, gate: { ...snapshot.gate, version } };
}

/** On disk when it resolves. */
async function commit({ recorder }: OpenControl, record: CallRecord): Promise<void> {
  if (!recorder.acts.reserve()) throw new Error(`${record.operation} cannot be recorded now`);
  await recorder.acts.commit(record);
}
