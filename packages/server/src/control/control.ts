import { join } from 'node:path';
import { baseDirectory } from '../configuration/base-directory.ts';
import { believedIssuers } from '../configuration/believed-issuers.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type {
  ControlSeat,
  FromControl,
  FromGateway,
  ToControl,
} from '../messages/between-processes.ts';
import { GATE_SECRET } from '../messages/gate-sessions.ts';
import { awaitLock, type DirectoryLock } from '../platform/data-directory/index.ts';
import type { Notice } from '../platform/notices/index.ts';
import { programVersion } from '../platform/program/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type {
  CompiledConfiguration,
  CompileOrder,
  PlacedConfiguration,
} from './compile/compiler-messages.ts';
import type { CompilerHost } from './compiler-host.ts';
import { faultIn, placedIn } from './configuration-faults.ts';
import type { ApplyOutcome } from './configuration-routes.ts';
import { Enforcement, type Standing } from './enforcement.ts';
import { FileWatch } from './file-watch.ts';
import { loadIdentityKeys } from './identity-keys.ts';
import { IssuerDesk } from './issuer-desk.ts';
import { IssuerFollower } from './issuer-follower.ts';
import { issuerStorage } from './issuer-storage.ts';
import { KeptIssuerKeys } from './kept-files.ts';
import { OpenControl } from './open-control.ts';
import { outcomeOf } from './protection/apply-outcome.ts';
import { ChangeDesk } from './protection/change-desk.ts';
import { asBefore } from './protection/change-words.ts';
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

export interface ControlPorts {
  readonly world: World;
  readonly compiler: CompilerHost;
  /** To the supervisor. */
  readonly send: (message: FromControl) => void;
}

/**
 * Reads the configuration and everything it names whenever it changes, has it compiled and judged, and
 * has it put in force, held, or refused. What cannot be had now is tried again.
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
  readonly #issuerDesk: IssuerDesk;
  readonly #watch: FileWatch;
  readonly #trial: TrialDesk;
  readonly #enforcement: Enforcement;
  readonly #rolesSeen = new RolesSeen();
  /** Its stores, and those who work on them; null until a configuration says where they are. */
  #open: OpenControl | null = null;
  /** Locks are held until this process is gone. */
  readonly #held: DirectoryLock[] = [];
  #compiling: Promise<void> | null = null;
  #isCompileWanted = false;
  #again: Timer | null = null;
  /** Why the last attempt failed that is made again; '': it is not. */
  #refusal = '';
  #isClosing = false;
  /** To whoever looks on. */
  readonly #notify = (notice: Notice): void => this.#send({ type: 'notice', notice });

  constructor(seat: ControlSeat, { world, compiler, send }: ControlPorts) {
    const { dataDirectory, source, runsGateway } = seat;
    this.#seat = seat;
    this.#world = world;
    this.#send = send;
    this.#where = source.file ?? 'arguments';
    this.#baseDirectory = baseDirectory(source);
    this.#serving = new Serving(runsGateway, world);
    this.#changes = new ChangeDesk({
      ...{ dataDirectory, now: world.now, notify: this.#notify },
    });
    this.#compiler = compiler;
    this.#trial = new TrialDesk(seat, world);
    this.#issuerDesk = new IssuerDesk({ world, send });
    this.#watch = new FileWatch(world, () => void this.#requestCompile());
    this.#issuers = new IssuerFollower({
      ...{ baseDirectory: this.#baseDirectory, world },
      kept: new KeptIssuerKeys(join(dataDirectory, 'issuer-keys.json'), world.now),
      ownKeys: (issuer) => this.#open?.ownIssuer.keysOf(issuer) ?? null,
      tell: (message) => {
        send(message);
        this.#open?.gateways.remotes.send(message);
      },
      onChange: () => void this.#requestCompile(),
      notify: this.#notify,
    });
    this.#enforcement = new Enforcement({
      ...{ dataDirectory, world, send, where: this.#where },
      readLink: (configuration) => compiler.readLink(this.#placed(configuration)),
      ...{ serving: this.#serving, changes: this.#changes },
      ...{ issuers: this.#issuers, trial: this.#trial },
      onServed: () => {
        this.#refusal = '';
      },
      issuerPlaces: (configuration, { recorder }) => ({
        storage: issuerStorage(
          configuration,
          { dataDirectory, baseDirectory: this.#baseDirectory },
          world,
        ),
        spool: recorder.spool,
      }),
    });
  }

  /** From the supervisor. */
  receive(message: ToControl): void {
    switch (message.type) {
      case 'standing':
        return this.#enforcement.inherit(message.standing as Standing);
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
      case 'issuer-reach':
        return void this.#reachForIssuer(message.request);
      case 'issuer-answer':
        return this.#issuerDesk.receive(message.request, message.sessions);
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
    if (isNewest) this.#enforcement.takeBack();
    this.#serving.heard(report);
  }

  /** What our own authorization server took back is answered to whoever asked for it when no gate decides without it. */
  async #reachForIssuer(request: number): Promise<void> {
    const missing = (await this.#open?.untilEnforced()) ?? ['control'];
    this.#send({ type: 'issuer-reached', request, missing });
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
    // One that comes while files are read is for those that are read next.
    const { approval } = this.#changes;
    try {
      const configuration = await this.#compiler.load(this.#seat.source);
      this.#changes.begin();
      const open = await this.#opened(configuration);
      const standard = this.#changes.standard;
      const compiled = await this.#compiler.compile({
        ...(await this.#order(configuration, open)),
        before: standard,
      });
      // A gateway could not serve what it was held against.
      if (standard !== this.#changes.standard) return void this.#requestCompile();
      const { operated } = compiled;
      const verdict = this.#changes.decide(compiled.judgement, approval);
      this.#watch.follow([...files, ...operated.files, ...compiled.files], {
        keep: verdict.kind === 'hold',
        readAfterMs,
      });
      if (compiled.warnings.length > 0) {
        this.#send({ type: 'warnings', diagnostics: compiled.warnings });
      }
      const judged = { configuration, compiled, standard };
      if (verdict.kind === 'hold') return await this.#enforcement.hold(open, judged, verdict);
      await this.#listen(open, operated);
      const isApplied = await this.#enforcement.putInForce(open, judged, verdict.change);
      if (!isApplied) return void this.#requestCompile();
    } catch (error) {
      await this.#refuse(error, files, readAfterMs);
    }
  }

  #placed(configuration: Configuration): PlacedConfiguration {
    return { configuration, file: this.#where, baseDirectory: this.#baseDirectory };
  }

  async #order(
    configuration: Configuration,
    open: OpenControl,
  ): Promise<Omit<CompileOrder, 'before'>> {
    const { state, recorder } = open;
    const { dataDirectory } = this.#seat;
    const { ring } = state;
    await open.ownIssuer.prepare(configuration);
    return {
      dataDirectory,
      identityKeys: await loadIdentityKeys(dataDirectory, this.#world.now(), ring),
      spool: recorder.spool,
      issuerKeys: this.#issuers.keysOfAll(believedIssuers(configuration)),
      trialKeys: await this.#trial.keysFor(configuration),
      digestKey: ring.derive('configuration digest'),
      gateSecret: ring.derive(GATE_SECRET).toString('base64url'),
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
    const { standing } = this.#enforcement;
    // The first start ends with what it could not do.
    if (standing === null) return true;
    try {
      await this.#enforcement.serveInherited(await this.#opened(standing.configuration));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Once: what must be there before anything can be judged, and the address where operators ask and
   * answer. By the configuration in force, where one is: the new one may not count yet.
   */
  async #opened(configuration: Configuration): Promise<OpenControl> {
    const inForce = this.#enforcement.standing?.configuration;
    const first = inForce ?? asBefore(configuration, this.#changes.before);
    const known = this.#open;
    if (known?.operators.isListening === true) return known;
    const open = known ?? (await this.#openStores(first));
    const { dataDirectory } = this.#seat;
    await tellOfRestore(dataDirectory, this.#world.now(), (record) => open.commit(record));
    await this.#listen(open, await this.#compiler.readOperators(this.#placed(first)));
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
      notify: this.#notify,
      sendLive: this.#send,
      heardFrom: (gateway, report) => {
        this.#note(report);
        this.#serving.heardFrom(gateway, report);
      },
      rights: () => this.#enforcement.rights,
      inForce: () => this.#enforcement.standing,
      trial: () => this.#trial.offered,
      status: () => ({
        version: programVersion(),
        attention: this.#rolesSeen.attention(this.#enforcement.standing?.configuration.trust),
      }),
      applyConfiguration: (digest, operator) => this.#applyConfiguration(digest, operator),
      askIssuer: (question) => this.#issuerDesk.ask(question),
      ownKeysChanged: (origin) => {
        this.#issuers.tellOwn(origin);
        this.#send({ type: 'own-keys-changed' });
      },
    });
    this.#open = open;
    return open;
  }

  /** Where operators ask. */
  async #listen(
    open: OpenControl,
    { address, files }: CompiledConfiguration['operated'],
  ): Promise<void> {
    await placedIn(this.#where, files, () => open.operators.listen(address));
    this.#send({ type: 'listening', address: open.operators.address });
    await open.announce();
  }

  /** `poorter apply`: the files are read again, and only what was looked at may come of it. */
  async #applyConfiguration(digest: string, operator: string): Promise<ApplyOutcome> {
    const changes = this.#changes;
    const isWanted = changes.waiting?.digest === digest;
    if (isWanted) {
      changes.approve(digest, operator);
      await this.#requestCompile().finally(() => changes.withdrawApproval());
    }
    const isAnyInForce = this.#enforcement.standing !== null;
    const served = isAnyInForce ? { fault: await this.#serving.awaitServed(SERVED_WAIT_MS) } : null;
    const { compiled } = this.#serving.versions;
    return outcomeOf(changes, { digest, isWanted, served, version: compiled });
  }
}
