import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Diagnostic } from '@poorter/engine';
import { parseJsonText } from '@poorter/engine/json';
import type { JSONWebKeySet } from 'jose';
import type { AdminLog } from '../admin-api/index.ts';
import {
  baseDirectory,
  type ConfigurationSource,
  loadConfiguration,
} from '../configuration/load-configuration.ts';
import { placeInConfiguration } from '../configuration/read-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { Configuration } from '../configuration/schema.ts';
import { IssuerKeys } from '../issuers/index.ts';
import { awaitLock, type DirectoryLock } from '../platform/data-directory/data-directory.ts';
import { writeDurably } from '../platform/files/index.ts';
import { workInBackground } from '../platform/processes/background-priority.ts';
import { serveParent } from '../platform/processes/child-process.ts';
import type {
  FromControl,
  IssuerKeysMessage,
  ToControl,
  TrialFacts,
} from '../platform/processes/messages.ts';
import { PlaceFault } from '../platform/processes/place-fault.ts';
import { programVersion } from '../platform/processes/program-version.ts';
import type { CallRecord } from '../platform/records/record.ts';
import type { KeyRing } from '../platform/secrets/index.ts';
import { Administration } from './administration.ts';
import { type CompiledSnapshot, compileSnapshot } from './compile-snapshot.ts';
import { FileWatch } from './file-watch.ts';
import { loadIdentityKeys } from './identity-keys.ts';
import { LogKeeping } from './log-keeping.ts';
import { OperatorServer } from './operator-server.ts';
import { readOperatorAddress } from './read-ends.ts';
import { RemoteGateways } from './remote-gateways.ts';
import { mayTry, TRIAL_TOKEN_PATH, TrialIssuer } from './trial-issuer.ts';
import { unknownGrants } from './unknown-grants.ts';

/** Keys fetched before a restart are used again until they are this old. */
const KEPT_KEYS_MS = 86_400_000;
const WATCH_EVERY_MS = 1_000;
/** A control whose supervisor died ends within this time. */
const PREDECESSOR_WAIT_MS = 10_000;

const { dataDirectory, source, runsGateway } = parseJsonText(process.argv[2] as string) as {
  dataDirectory: string;
  runsGateway: boolean;
  source: ConfigurationSource;
};
const where = source.file ?? 'arguments';
const versionFile = join(dataDirectory, 'snapshot-version');
const keyCacheFile = join(dataDirectory, 'issuer-keys.json');

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
let issuerKeys: IssuerKeys | null = null;
let issuerSources = '';
const keptKeys = readKeptKeys();

workInBackground();
process.on('SIGTERM', () => void exit());
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);

/** Made when the state is open: before that, nobody may be told anything. */
let remotes: RemoteGateways | null = null;
function openRemotes({ book, live }: Administration): RemoteGateways {
  return new RemoteGateways({
    book,
    liveNow: () => live.whole,
    report: (gateway, report) => {
      if (report.type === 'unknown-key-id') issuerKeys?.refetch(report.issuer, report.keyId);
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

let rights: CompiledSnapshot['rights'] = new Map();
const NO_RIGHTS = { scopes: new Set<string>(), roles: new Set<string>() };
let administration: Administration | null = null;
/** Locks are held until this process is gone. */
const held: DirectoryLock[] = [];
/** A gateway of this machine serves, or a predecessor of it may, until it has confirmed or is gone. */
let isGatewayUp = runsGateway;
let trialIssuer: TrialIssuer | null = null;

let isCompiling = false;
let isCompileWanted = false;

/** The supervisor waits five seconds. */
async function exit(): Promise<void> {
  setTimeout(() => process.exit(0), 4_500);
  remotes?.close();
  await logKeeping?.stop().catch(() => undefined);
  process.exit(0);
}

/** One compile at a time; what is asked for meanwhile becomes one more. */
async function requestCompile(): Promise<void> {
  isCompileWanted = true;
  if (isCompiling) return;
  isCompiling = true;
  try {
    while (isCompileWanted) {
      isCompileWanted = false;
      await compile();
    }
  } finally {
    isCompiling = false;
  }
}

async function compile(): Promise<void> {
  const files = source.file === null ? [] : [source.file];
  try {
    const configuration = loadConfiguration(source);
    await administrate(configuration);
    const operated = readOperatorAddress(configuration, where, baseDirectory(source));
    await placed(() => operators.listen(operated.address), operated.files);
    send({ type: 'listening', address: operators.address });
    await administration?.announce(operators.reachedAt);
    await followIssuers(configuration);
    const compiled = compileSnapshot({
      configuration,
      configurationFile: where,
      baseDirectory: baseDirectory(source),
      dataDirectory,
      version: nextVersion(),
      identityKeys: await loadIdentityKeys(dataDirectory, Date.now(), ring()),
      spool: logKeeping?.spool ?? null,
      issuerKeys: (issuer) => issuerKeys?.keysOf(issuer) ?? keptKeys.get(issuer) ?? null,
      trialKeys: (await tryIssuer(configuration))?.keys ?? null,
    });
    // Whoever serves by the snapshot must know who is blocked and revoked first.
    await administration?.live.publish();
    remotes?.begin(compiled.snapshot);
    // Before anybody serves the snapshot: a link that cannot open ends the start.
    await placed(
      async () => remotes?.apply(configuration.link, compiled.linkCredentials),
      compiled.files,
    );
    const trial = await openTrial(compiled);
    rights = compiled.rights;
    watch.follow([...files, ...operated.files, ...compiled.files]);
    if (compiled.warnings.length > 0) send({ type: 'warnings', diagnostics: compiled.warnings });
    operators.compiled(compiled.snapshot.gate.version);
    const summary = { ...compiled.summary, ...(trial !== null && { trial }) };
    send({ type: 'snapshot', snapshot: compiled.snapshot, summary });
    remotes?.snapshot(compiled.snapshot);
    tellKeysSince(compiled.snapshot.gate);
    nameGateways(configuration.link?.gateways ?? []);
  } catch (error) {
    const refused = error instanceof RefusedConfiguration ? error : null;
    // The broken file is watched too: mending it is noticed.
    watch.follow([...files, ...(refused?.files ?? [])], { keep: true });
    operators.refused();
    send({ type: 'refused', diagnostics: refused?.diagnostics ?? [faultOf(error)] });
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
  if (administration !== null) {
    logKeeping?.apply(configuration);
    return administration.apply(configuration);
  }
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
    status: () => ({ version: programVersion(), snapshot: operators.versions }),
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

async function followIssuers(configuration: Configuration): Promise<void> {
  const sources = configuration.trust.issuers.map(({ issuer, jwks }) => ({
    issuer,
    ...(jwks !== undefined && { jwks }),
  }));
  const text = JSON.stringify(sources);
  if (issuerKeys !== null && text === issuerSources) {
    if (sources.some(({ jwks }) => jwks?.startsWith('file:'))) await issuerKeys.reload();
    return;
  }
  issuerKeys?.close();
  issuerSources = text;
  let isStarting = true;
  issuerKeys = new IssuerKeys(
    sources,
    {
      fetch: (url, init) => fetch(url, init),
      readFile: (path) => readFile(resolve(baseDirectory(source), path), 'utf8'),
      now: Date.now,
      setTimer: (work, delayMs) => {
        const timer = setTimeout(work, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    {
      onChange: (issuer, jwks, generation) => {
        keepKeys(issuer, jwks, generation);
        if (isStarting) return;
        tellKeys(issuer, { keys: jwks === null ? null : { jwks, generation }, answered: [] });
        void requestCompile();
      },
      onAnswered: (issuer, answered) => tellKeys(issuer, { answered }),
      onWarning: (issuer, message) =>
        send({
          type: 'warnings',
          diagnostics: [warning('issuer-keys', `keys of ${issuer}: ${message}`)],
        }),
    },
  );
  await issuerKeys.start();
  isStarting = false;
}

/** Calls wait for these: they do not wait for a snapshot to be compiled. */
function tellKeys(issuer: string, told: Omit<IssuerKeysMessage, 'type' | 'issuer'>): void {
  const message = { type: 'issuer-keys', issuer, ...told } as const;
  send(message);
  remotes?.send(message);
}

/** Keys that came while the snapshot was on its way out are told again, since it has the old ones. */
function tellKeysSince({ issuerKeys: sent, issuers }: CompiledSnapshot['snapshot']['gate']): void {
  for (const { issuer } of issuers) {
    const keys = issuerKeys?.keysOf(issuer);
    if (keys == null || keys.generation === sent[issuer]?.generation) continue;
    tellKeys(issuer, { keys, answered: [] });
  }
}

function receive(message: ToControl): void {
  switch (message.type) {
    case 'reload':
      void requestCompile();
      return;
    case 'drain':
      return operators.draining();
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
        issuerKeys?.refetch(message.report.issuer, message.report.keyId);
      }
      if (
        message.report.type === 'failed' &&
        message.report.version === operators.versions.compiled
      ) {
        // It compiled, but could not be served: a listener of it cannot open.
        operators.refused();
      }
      return operators.heard(message.report);
    default:
      message satisfies never;
  }
}

/** Versions go on counting over restarts: a gateway never meets an old number with new content. */
function nextVersion(): number {
  let last = 0;
  try {
    last = Number(readFileSync(versionFile, 'utf8')) || 0;
  } catch {
    // The first snapshot of this data directory.
  }
  writeDurably(versionFile, String(last + 1));
  return last + 1;
}

type KeptKeys = { jwks: JSONWebKeySet; generation: number };

function readKeptKeys(): Map<string, KeptKeys> {
  try {
    const kept = parseJsonText(readFileSync(keyCacheFile, 'utf8')) as Record<
      string,
      { jwks: JSONWebKeySet; fetchedMs: number }
    >;
    return new Map(
      Object.entries(kept)
        .filter(([, { fetchedMs }]) => Date.now() - fetchedMs < KEPT_KEYS_MS)
        .map(([issuer, { jwks }]) => [issuer, { jwks, generation: 0 }]),
    );
  } catch {
    return new Map();
  }
}

function keepKeys(issuer: string, jwks: JSONWebKeySet | null, generation: number): void {
  if (jwks === null) keptKeys.delete(issuer);
  else keptKeys.set(issuer, { jwks, generation });
  const fetchedMs = Date.now();
  const kept = Object.fromEntries(
    [...keptKeys].map(([name, keys]) => [name, { jwks: keys.jwks, fetchedMs }]),
  );
  writeDurably(keyCacheFile, JSON.stringify(kept));
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
