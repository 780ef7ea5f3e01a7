import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AccountTables, GrantStore } from '../packages/server/src/access/accounts/index.ts';
import {
  ArtefactStore,
  type ArtefactTables,
  issuerMigrations,
} from '../packages/server/src/issuer/artefacts/index.ts';
import {
  type Database,
  migrate,
  openDatabase,
} from '../packages/server/src/platform/database/index.ts';
import {
  type KeyRing,
  type KeyRingTables,
  openKeyRing,
  openMasterKey,
} from '../packages/server/src/platform/secrets/index.ts';
import { stateMigrations } from '../packages/server/src/state/index.ts';
import { Tombstones } from '../packages/server/src/state/tombstones/index.ts';
import { runningIssuer } from '../scenarios/world/own-issuer.fixture.ts';
import { enrol, goThrough } from '../scenarios/world/person.fixture.ts';
import { SoftBrowser } from '../scenarios/world/soft-browser.fixture.ts';
import { startPoorterIssuer } from './issuers/issuers.ts';
import { table } from './tables.ts';
import type { World } from './world.ts';

/** What a sign-in leaves in a table: so many rows, for so long. */
interface Left {
  readonly kind: string;
  readonly aSignIn: number;
  readonly lifeMs: number;
  /** As it is sealed. */
  readonly chars: number;
}

export interface DayFigures {
  readonly left: readonly Left[];
  readonly hours: readonly HourFigures[];
  readonly seconds: number;
}

interface HourFigures {
  readonly hour: number;
  readonly rows: number;
  readonly grants: number;
  readonly issuerMb: number;
  readonly stateMb: number;
}

const A_MINUTE = 1_000;
const PEOPLE = 20_000;
const APPLICATIONS = 5;
const MEASURED = 20;
/** What sealing adds, and what Base64 makes of it. */
const SEALED_CHARS = 86;
const BASE64 = 4 / 3;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 26;
const CALLBACK = 'https://app.bench.example/callback';

/**
 * A day of a thousand sign-ins a minute: what each leaves is counted at a real server; then the stores live through the
 * day by a clock of their own, and prune as the server does.
 */
export async function runIssuerDay(world: World): Promise<DayFigures> {
  const left = await leftBySignIns(world);
  const began = performance.now();
  const hours = await liveThrough(left);
  return { left, hours, seconds: (performance.now() - began) / 1_000 };
}

export function dayTable({ left, hours, seconds }: DayFigures): string {
  const rows = left.map(({ kind, aSignIn, lifeMs, chars }) => [
    ...[kind, aSignIn.toFixed(2), `${Math.round(lifeMs / 1_000)} s`, chars.toFixed(0)],
  ]);
  const day = hours.map(({ hour, rows: count, grants, issuerMb, stateMb }) => [
    ...[`${hour} h`, count.toLocaleString('en'), grants.toLocaleString('en')],
    ...[issuerMb.toFixed(0), stateMb.toFixed(0)],
  ]);
  return [
    table(['left behind', 'a sign-in', 'lives', 'characters'], rows),
    `\n${A_MINUTE} sign-ins a minute by ${PEOPLE} people at ${APPLICATIONS} applications; ${seconds.toFixed(0)} s of ours`,
    table(['after', 'rows of the issuer', 'grants', 'issuer MB', 'state MB'], day),
  ].join('\n');
}

/** In browsers that have never been there, at an application that they know. */
async function leftBySignIns(world: World): Promise<Left[]> {
  const { run, origin, program } = await startPoorterIssuer(world, 'issuer-day');
  const issuer = { ...runningIssuer({ url: origin } as never, origin), run };
  const made = ['clients', 'create', '--name', 'App', '--profile', 'browser'];
  const [client = ''] = (
    await run(...made, '--scopes', 'accounts', '--redirect-uri', CALLBACK)
  ).split('\n');
  const person = await enrol(issuer, 'day@bench.example');
  const signIn = async () => {
    const url = new URL(`${origin}/auth`);
    const challenge = randomBytes(32).toString('base64url');
    for (const [name, value] of Object.entries({
      ...{ client_id: client, redirect_uri: CALLBACK, response_type: 'code', state: 's' },
      ...{ scope: 'openid accounts', code_challenge: challenge, code_challenge_method: 'S256' },
    })) {
      url.searchParams.set(name, value);
    }
    await goThrough(new SoftBrowser(origin), url, person);
  };
  const data = join(world.folder, 'issuer-day', 'data');
  await signIn();
  const before = countedIn(data);
  for (let number = 0; number < MEASURED; number += 1) await signIn();
  const after = countedIn(data);
  await program.stop();
  return [...after].map(([kind, { count, lifeMs, chars }]) => ({
    ...{ kind, lifeMs, chars },
    aSignIn: (count - (before.get(kind)?.count ?? 0)) / MEASURED,
  }));
}

interface Counted {
  readonly count: number;
  readonly lifeMs: number;
  readonly chars: number;
}

/** The last ones: the first is the one that is said yes to. */
function countedIn(data: string): Map<string, Counted> {
  const counted = new Map<string, Counted>();
  const now = Date.now();
  for (const [file, query] of [
    ['issuer.sqlite', 'SELECT kind, expires_at, length(payload_sealed) AS chars FROM artefact'],
    ['state.sqlite', "SELECT 'account_grant' AS kind, expires_at, 0 AS chars FROM account_grant"],
  ] as const) {
    const database = new DatabaseSync(join(data, file), { readOnly: true });
    const rows = database.prepare(query).all() as {
      kind: string;
      expires_at: number;
      chars: number;
    }[];
    database.close();
    for (const { kind, expires_at: expiresAt, chars } of rows) {
      const known = counted.get(kind);
      const lifeMs = Math.min(expiresAt - now, known?.lifeMs ?? Number.POSITIVE_INFINITY);
      counted.set(kind, { count: (known?.count ?? 0) + 1, lifeMs, chars });
    }
  }
  return counted;
}

async function liveThrough(left: readonly Left[]): Promise<HourFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-bench-day-'));
  const clock = { now: Date.now() };
  const world = { now: () => clock.now, random: (bytes: number) => randomBytes(bytes) };
  const place = (name: string) => ({ kind: 'sqlite', file: join(folder, name) }) as const;
  const state = await openDatabase<AccountTables & KeyRingTables>(place('state.sqlite'));
  const issuer = await openDatabase<ArtefactTables>(place('issuer.sqlite'));
  try {
    await migrate(state, stateMigrations(), world.now);
    await migrate(issuer, issuerMigrations(), world.now);
    const terms = { dataDirectory: folder, baseDirectory: folder, environment: {} };
    const master = openMasterKey(undefined, { ...terms, notify: () => undefined });
    const ring = await openKeyRing(state.as<KeyRingTables>(), master, world.now);
    const tombstones = new Tombstones(folder, ring);
    const grantsOver = (database: Database<AccountTables>) =>
      new GrantStore(database, ring, tombstones, world);
    const artefactsOver = (database: Database<ArtefactTables>) =>
      new ArtefactStore(database, ring as KeyRing, world.now);
    const whole = {
      grants: grantsOver(state.as<AccountTables>()),
      artefacts: artefactsOver(issuer),
    };
    const hours: HourFigures[] = [];
    const end = clock.now + HOURS * HOUR_MS;
    for (let minute = 0; clock.now < end; minute += 1) {
      await issuer.write(async (session) => {
        await putAll(artefactsOver(issuer.within(session)), left, clock.now);
      });
      await state.as<AccountTables>().write(async (session) => {
        await keepAll(grantsOver(state.as<AccountTables>().within(session)), left, clock.now);
      });
      clock.now += MINUTE_MS;
      for (const store of [whole.artefacts, whole.grants]) while ((await store.prune()) > 0);
      if ((minute + 1) % 120 !== 0) continue;
      hours.push(await figuresOf(folder, issuer, state.as<AccountTables>(), (minute + 1) / 60));
      console.log(`  ${JSON.stringify(hours.at(-1))}`);
    }
    return hours;
  } finally {
    await issuer.close();
    await state.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function putAll(store: ArtefactStore, left: readonly Left[], now: number): Promise<void> {
  for (const { kind, aSignIn, lifeMs, chars } of left) {
    if (kind === 'account_grant') continue;
    for (let number = 0; number < A_MINUTE * aSignIn; number += 1) {
      const id = randomBytes(16).toString('base64url');
      const payload = { text: 'x'.repeat(Math.max(1, (chars - SEALED_CHARS) / BASE64)) };
      const account = `account_${number % PEOPLE}`;
      await store.put(kind, id, { payload, expiresAt: now + lifeMs, account });
    }
  }
}

async function keepAll(grants: GrantStore, left: readonly Left[], now: number): Promise<void> {
  const { aSignIn = 0, lifeMs = 0 } = left.find(({ kind }) => kind === 'account_grant') ?? {};
  for (let number = 0; number < A_MINUTE * aSignIn; number += 1) {
    const draw = randomBytes(4).readUInt32LE();
    const [accountId, clientId] = [`account_${draw % PEOPLE}`, `client_${draw % APPLICATIONS}`];
    const rights = { own: ['openid'], apis: { 'https://api.example': ['accounts'] }, details: [] };
    const id = randomBytes(16).toString('base64url');
    await grants.keep({ id, accountId, clientId, rights, expiresAt: now + lifeMs });
  }
}

async function figuresOf(
  folder: string,
  issuer: Database<ArtefactTables>,
  state: Database<AccountTables>,
  hour: number,
): Promise<HourFigures> {
  const count = async (of: Promise<{ count: number }>) => Number((await of).count);
  const rows = await count(
    issuer.kysely
      .selectFrom('artefact')
      .select((all) => all.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
  );
  const grants = await count(
    state.kysely
      .selectFrom('account_grant')
      .select((all) => all.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
  );
  const mb = (name: string) => statSync(join(folder, name)).size / 1e6;
  return { hour, rows, grants, issuerMb: mb('issuer.sqlite'), stateMb: mb('state.sqlite') };
}
