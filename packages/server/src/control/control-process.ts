import { join } from 'node:path';
import type { Diagnostic } from '@poorter/openapi';
import { parseJsonText } from '@poorter/openapi/json';
import {
  baseDirectory,
  type ConfigurationSource,
  loadConfiguration,
} from '../configuration/load-configuration.ts';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import type {
  FromControl,
  StandingSnapshot,
  ToControl,
  TrialFacts,
} from '../messages/between-processes.ts';
import type { CallRecord } from '../messages/call-record.ts';
import { awaitLock, type DirectoryLock } from '../platform/data-directory/index.ts';
import {
  PlaceFault,
  programVersion,
  serveParent,
  workInBackground,
} from '../platform/processes/index.ts';
import type { KeyRing } from '../platform/secrets/index.ts';
import type { AdminLog } from '../security-log/log-routes.ts';
import { Administration } from './administration.ts';
import { type CompiledSnapshot, compileSnapshot } from './compile/compile-snapshot.ts';
import { readOperatorAddress } from './compile/read-endpoints.ts';
import type { ApplyOutcome } from './configuration-routes.ts';
import { FileWatch } from './file-watch.ts';
import { loadIdentityKeys } from './identity-keys.ts';
import { IssuerFollower } from './issuer-follower.ts';
import { KeptIssuerKeys, nextVersion } from './kept-files.ts';
import { LogKeeping } from './log-keeping.ts';
import { OperatorServer } from './operator-server.ts';
import { type AppliedChange, type Change, ChangeDesk } from './protection/change-desk.ts';
import { changeRecord } from './protection/change-record.ts';
import { asBefore, sentenceOf } from './protection/change-words.ts';
import { withWhatNeverWaits } from './protection/never-waits.ts';
import { RemoteGateways } from './remote-gateways.ts';
import { RolesSeen } from './roles-seen.ts';
import { tellOfRestore } from './tell-of-restore.ts';
import { mayTry, TRIAL_TOKEN_PATH, TrialIssuer } from './trial-issuer.ts';
import { unknownGrants } from './unknown-grants.ts';

const WATCH_EVERY_MS = 1_000;
/** Whoever applied something is told that it is in force when it is served. */
const SERVED_WAIT_MS = 8_000;
/** A control whose supervisor died ends within this time. */
const PREDECESSOR_WAIT_MS = 10_000;

type Standing = StandingSnapshot & { readonly configuration: Configuration };

const { dataDirectory, source, runsGateway } = parseJsonText(process.argv[2] as string) as {
  dataDirectory: string;
  runsGateway: boolean;
  source: ConfigurationSource;
};
const where = source.file ?? 'arguments';
const versionFile = join(dataDirectory, 'snapshot-version');

const send: (message: FromControl) => void = serveParent<ToControl>(receive, () => void exit());
const operators = new OperatorServer();
operators.runsGateway = runsGateway;
let logKeeping: LogKeeping | null = null;
/** Before there is a log, nothing is done that would have to be recorded. */
const recorder = {
  reserve: () => logKeeping?.acts.reserve() ?? false,
  write: (record: CallRecord) => logKeeping?.acts.write(record),
  commit: async (record: CallRecord) => {
    if (logKeeping === null) throw new Error('the security log is not open');
    await logKeeping.acts.commit(record);
  },
};
const noLog = () => Promise.reject(new Error('the security log is not open'));
const log: AdminLog = {
  search: (query) => logKeeping?.log.search(query) ?? noLog(),
  show: (node, index) => logKeeping?.log.show(node, index) ?? noLog(),
  call: (id) => logKeeping?.log.call(id) ?? noLog(),
  prove: (node, index) => logKeeping?.log.prove(node, index) ?? noLog(),
  checkpoints: () => logKeeping?.log.checkpoints() ?? noLog(),
};
const watch = new FileWatch(WATCH_EVERY_MS, () => void requestCompile());
const issuers = new IssuerFollower({
  baseDirectory: baseDirectory(source),
  kept: new KeptIssuerKeys(join(dataDirectory, 'issuer-keys.json')),
  tell: (message) => {
    send(message);
    remotes?.send(message);
  },
  onChange: () => void requestCompile(),
  warn: (issuer, message) =>
    send({
      type: 'warnings',
      diagnostics: [warning('issuer-keys', `keys of ${issuer}: ${message}`)],
    }),
});
const changes = new ChangeDesk({
  dataDirectory,
  digestKey: () => ring().derive('configuration digest'),
  now: Date.now,
});
operators.changes = changes;
/** What the gateway of this machine serves, once anything is in force. */
let standing: Standing | null = null;
/** Where that cannot be served. */
let standingBefore: Standing | null = null;
/** Of a control before this one: gateways on other machines have not heard of it from this one. */
let isStandingInherited = false;

workInBackground();

const rolesSeen = new RolesSeen();

/** Made when the state is open: before that, nobody may be told anything. */
let remotes: RemoteGateways | null = null;
function openRemotes({ book, live }: Administration): RemoteGateways {
  return new RemoteGateways({
    book,
    liveNow: () => live.whole,
    report: (gateway, report) => {
      if (report.type === 'unknown-key-id') issuers.refetch(report.issuer, report.keyId);
      if (report.type === 'roles-read') rolesSeen.hear(report);
      if (report.type === 'metrics') operators.metrics.heard(gateway, report.metrics);
      if (report.type === 'applied') operators.metrics.applied(gateway, report.version);
      if (report.type === 'drained') operators.metrics.gone(gateway);
    },
    mirror: () => logKeeping?.mirror ?? null,
    trouble: (message) => send({ type: 'warnings', diagnostics: [warning('link', message)] }),
  });
}
/** Of the open state: nothing is compiled before it. */
function ring(): KeyRing {
  if (administration === null) throw new Error('the state is not open');
  return administration.state.ring;
}

operators.troubles = () => ({
  database: administration?.fault ?? null,
  log: logKeeping?.fault ?? null,
});
let rights: CompiledSnapshot['rights'] = new Map();
const NO_RIGHTS = { scopes: new Set<string>(), roles: new Set<string>() };
let administration: Administration | null = null;
/** Locks are held until this process is gone. */
const held: DirectoryLock[] = [];
/** A gateway of this machine serves, or a predecessor of it may, until it has confirmed or is gone. */
let isGatewayUp = runsGateway;
let trialIssuer: TrialIssuer | null = null;

let compiling: Promise<void> | null = null;
let isCompileWanted = false;

/** The supervisor waits five seconds. */
async function exit(): Promise<void> {
  setTimeout(() => process.exit(0), 4_500);
  remotes?.close();
  await logKeeping?.stop().catch(() => undefined);
  process.exit(0);
}

/** One compile at a time; what is asked for meanwhile becomes one more. Done when that is. */
function requestCompile(): Promise<void> {
  isCompileWanted = true;
  compiling ??= compileWhatIsWanted();
  return compiling;
}

async function compileWhatIsWanted(): Promise<void> {
  try {
    while (isCompileWanted) {
      isCompileWanted = false;
      await compile();
    }
  } finally {
    // At once: whoever asks from now on starts another.
    compiling = null;
  }
}

async function compile(): Promise<void> {
  const files = source.file === null ? [] : [source.file];
  try {
    const configuration = loadConfiguration(source);
    changes.begin();
    await open(configuration);
    const operated = readOperatorAddress(configuration, where, baseDirectory(source));
    const trialKeys = (await tryIssuer(configuration))?.keys ?? null;
    const compiled = compileSnapshot({
      configuration,
      configurationFile: where,
      baseDirectory: baseDirectory(source),
      dataDirectory,
      version: nextVersion(versionFile),
      identityKeys: await loadIdentityKeys(dataDirectory, Date.now(), ring()),
      spool: logKeeping?.spool ?? null,
      issuerKeys: (issuer) => issuers.keysOf(issuer),
      trialKeys,
    });
    const contents = new Map([...operated.contents, ...compiled.contents]);
    const candidate = { configuration, contents, protection: compiled.protection };
    const verdict = changes.judge(candidate);
    const isHeld = verdict.kind === 'hold';
    watch.follow([...files, ...operated.files, ...compiled.files], { keep: isHeld });
    if (compiled.warnings.length > 0) send({ type: 'warnings', diagnostics: compiled.warnings });
    if (isHeld) {
      await hold(compiled, configuration, verdict.change, verdict.isNews);
      return;
    }
    await listen(operated);
    await issuers.follow(configuration);
    const { gate } = compiled.snapshot;
    const issuerKeys = compiled.isTrial ? gate.issuerKeys : issuers.keysFor(compiled.snapshot);
    const snapshot = { ...compiled.snapshot, gate: { ...gate, issuerKeys } };
    // Whoever serves by the snapshot must know who is blocked and revoked first.
    await administration?.live.publish();
    await record(verdict.change, gate.version);
    // Before anybody serves the snapshot: a link that cannot open ends the start.
    await meetGateways(compiled, configuration);
    await administration?.apply(configuration);
    logKeeping?.apply(configuration);
    const trial = await openTrial(compiled);
    rights = compiled.rights;
    changes.apply(candidate, verdict);
    const summary = { ...compiled.summary, ...(trial !== null && { trial }) };
    serve({ snapshot, summary, configuration });
  } catch (error) {
    const refused = error instanceof RefusedConfiguration ? error : null;
    // The broken file is watched too: mending it is noticed.
    watch.follow([...files, ...(refused?.files ?? [])], { keep: true });
    const diagnostics = refused?.diagnostics ?? [faultOf(error)];
    operators.refused();
    changes.refuse(diagnostics);
    send({ type: 'refused', diagnostics });
    // Whoever asks why must be answered, also after a restart of this process alone.
    if (standing !== null) await open(standing.configuration).catch(() => undefined);
  }
}

/** Under their names in the log. One of another machine may be called like this one. */
function nameGateways(others: readonly string[]): void {
  const node = logKeeping?.spool.node ?? 'local';
  operators.localName = others.includes(node) ? `${node}@control` : node;
  operators.gateways = () => {
    const met = new Set(remotes?.met.map(({ name }) => name));
    return [
      ...(runsGateway ? [{ name: operators.localName, isConnected: isGatewayUp }] : []),
      ...[...new Set(others)].map((name) => ({ name, isConnected: met.has(name) })),
    ];
  };
}

/** A place that cannot be had is a fault of the configuration, at the key that names it. */
async function placed(open: () => Promise<void>, files: readonly string[]): Promise<void> {
  try {
    await open();
  } catch (error) {
    if (!(error instanceof PlaceFault)) throw error;
    const place = placeInConfiguration(where, error.key.split('.'));
    const { message } = error;
    const fault = { severity: 'error', code: 'cannot-listen', file: where, ...place, message };
    throw new RefusedConfiguration([fault as Diagnostic], files);
  }
}

/**
 * Once: what must be there before anything can be judged, and the address where operators ask and
 * answer. By the configuration in force, where one is: the new one may not count yet.
 */
async function open(configuration: Configuration): Promise<void> {
  if (operators.isListening) return;
  const first = standing?.configuration ?? asBefore(configuration, changes.before);
  await administrate(first);
  await tellOfRestore(dataDirectory, commit);
  await listen(readOperatorAddress(first, where, baseDirectory(source)));
}

/** Where operators ask. */
async function listen({ address, files }: ReturnType<typeof readOperatorAddress>): Promise<void> {
  await placed(() => operators.listen(address), files);
  send({ type: 'listening', address: operators.address });
  await administration?.announce(operators.reachedAt);
}

/** Gateways on other machines: nobody is met before it is known how long each may serve alone. */
async function meetGateways(
  { snapshot, linkCredentials, files }: CompiledSnapshot,
  { link }: Configuration,
): Promise<void> {
  const before = changes.before?.ceilings['gateway.staleAfterMs'] ?? 0;
  remotes?.begin(Math.max(before, snapshot.gate.staleAfterMs));
  await placed(async () => remotes?.apply(link, linkCredentials), files);
  nameGateways(link?.gateways ?? []);
}

/** It compiled, but could not be served: a listener of it cannot open. What was in force still is. */
function takeBack(): void {
  operators.refused();
  standing = standingBefore;
  changes.takeBack();
}

function serve(next: Standing): void {
  standingBefore = standing;
  standing = next;
  isStandingInherited = false;
  operators.compiled(next.snapshot.gate.version);
  send({ type: 'snapshot', ...next });
  remotes?.snapshot(next.snapshot);
  issuers.tellSince(next.snapshot);
}

/** It protects less, and somebody is to be asked: what is in force stays, but for what may never wait. */
async function hold(
  compiled: CompiledSnapshot,
  configuration: Configuration,
  change: Change,
  isNews: boolean,
): Promise<void> {
  operators.held();
  if (isNews) {
    await record(change, compiled.snapshot.gate.version);
    const isHeld = standing === null;
    send({ type: 'said', text: sentenceOf(change, isHeld ? 'nothing is served' : 'held'), isHeld });
  }
  if (changes.admitsSameGateways(compiled.protection)) {
    await meetGateways(compiled, configuration);
  }
  if (standing === null) return;
  await issuers.follow(standing.configuration);
  const { snapshot } = standing;
  const renewed = withWhatNeverWaits(snapshot, compiled.snapshot, {
    isSameKeyFile: changes.before?.keyFile === compiled.protection.keyFile,
    issuerKeys: issuers.keysFor(snapshot),
  });
  if (renewed !== null) return serve({ ...standing, snapshot: renewed });
  if (!isStandingInherited) return;
  const { version } = compiled.snapshot.gate;
  serve({ ...standing, snapshot: { ...snapshot, gate: { ...snapshot.gate, version } } });
}

/** On disk when it resolves. */
async function commit(record: CallRecord): Promise<void> {
  if (!recorder.reserve()) throw new Error(`${record.operation} cannot be recorded now`);
  await recorder.commit(record);
}

/** What protects less is in the log before it is in force, or waits. */
async function record(change: Change | AppliedChange, version: number): Promise<void> {
  if (change.count === 0) return;
  await commit(changeRecord(change, version));
  if ('approvedBy' in change) {
    send({ type: 'said', text: sentenceOf(change, 'in force'), isHeld: false });
  }
}

/** `poorter apply`: the files are read again, and only what was looked at may come of it. */
async function applyConfiguration(digest: string, operator: string): Promise<ApplyOutcome> {
  const isWanted = changes.waiting?.digest === digest;
  if (isWanted) {
    changes.approve(digest, operator);
    await requestCompile().finally(() => changes.withdrawApproval());
  }
  const served = standing === null ? null : { fault: await operators.awaitServed(SERVED_WAIT_MS) };
  const { state, refused, waiting } = changes.status;
  if (state === 'refused') {
    return { kind: 'refused', reason: refused[0]?.message ?? 'the files are refused' };
  }
  const isInForce = changes.digest === digest && served !== null;
  if ((isInForce || isWanted) && waiting === null && served?.fault != null) {
    return { kind: 'refused', reason: served.fault };
  }
  if (isInForce) return { kind: 'in-force', version: operators.versions.compiled };
  if (waiting !== null) return { kind: 'another-waits', digest: waiting.digest };
  return { kind: 'nothing-waits' };
}

/** Made once, where a trial may be; whether the description needs it is for the compiler to say. */
async function tryIssuer(configuration: Configuration): Promise<TrialIssuer | null> {
  if (!runsGateway || !mayTry(configuration, source.file)) trialIssuer = null;
  else trialIssuer ??= await TrialIssuer.open();
  return trialIssuer;
}

/** What people are told of the trial; null where the gate issues no tokens. */
async function openTrial(compiled: CompiledSnapshot): Promise<TrialFacts | null> {
  operators.trial = compiled.isTrial ? trialIssuer : null;
  if (operators.trial === null) return null;
  operators.trial.offer(compiled.rights.values());
  return {
    token: await operators.trial.token(),
    scopes: operators.trial.grants.scopes,
    url: `${operators.reachedAt.url}${TRIAL_TOKEN_PATH}`,
  };
}

async function administrate(configuration: Configuration): Promise<void> {
  if (administration !== null) return;
  // A predecessor whose supervisor was killed promises gateways time until it is gone.
  if (held.length === 0) {
    held.push(await awaitLock(dataDirectory, 'control', PREDECESSOR_WAIT_MS));
  }
  administration = await Administration.open({
    configuration,
    baseDirectory: baseDirectory(source),
    dataDirectory,
    send: (message) => {
      send(message);
      remotes?.send(message);
    },
    warn: (message) => send({ type: 'warnings', diagnostics: [warning('state', message)] }),
    recorder,
    log,
    rightsOf: (operation) => rights.get(operation) ?? NO_RIGHTS,
    remarksOn: (grants) => unknownGrants(grants, rights.values()),
    usesOf: async (keyId, sinceMs) => logKeeping?.usesOf(keyId, sinceMs) ?? [],
    forget: async () => logKeeping?.forget(),
    met: () => remotes?.met ?? [],
    status: () => ({
      ...{ version: programVersion(), snapshot: operators.versions },
      configuration: changes.status,
      attention: [
        ...changes.attention,
        ...operators.attention,
        ...rolesSeen.attention(standing?.configuration.trust),
      ],
    }),
    applyConfiguration,
  });
  remotes = openRemotes(administration);
  logKeeping = await LogKeeping.open({
    ...{ configuration, baseDirectory: baseDirectory(source), dataDirectory },
    state: administration.state,
    warn: (message) => send({ type: 'warnings', diagnostics: [warning('log', message)] }),
  });
  if (isGatewayUp) administration.gatewayUp();
  operators.admin = administration.api;
}

function receive(message: ToControl): void {
  switch (message.type) {
    case 'standing':
      standing = message.standing as Standing;
      isStandingInherited = true;
      return;
    case 'reload':
      void requestCompile();
      return;
    case 'drain':
      return operators.draining();
    case 'stop':
      void exit();
      return;
    case 'gateway-up':
      isGatewayUp = true;
      return administration?.gatewayUp();
    case 'gateway-down':
      isGatewayUp = false;
      administration?.gatewayDown();
      return operators.gatewayDown();
    case 'gateway':
      administration?.heard(message.report);
      if (message.report.type === 'unknown-key-id') {
        issuers.refetch(message.report.issuer, message.report.keyId);
      }
      if (message.report.type === 'roles-read') rolesSeen.hear(message.report);
      if (
        message.report.type === 'failed' &&
        message.report.version === operators.versions.compiled
      ) {
        takeBack();
      }
      return operators.heard(message.report);
    default:
      message satisfies never;
  }
}

function warning(code: string, message: string): Diagnostic {
  return { severity: 'warning', code, file: where, line: 1, column: 1, message };
}

function faultOf(error: unknown): Diagnostic {
  return {
    severity: 'error',
    code: 'fault',
    file: where,
    line: 1,
    column: 1,
    message: error instanceof Error ? error.message : String(error),
  };
}
