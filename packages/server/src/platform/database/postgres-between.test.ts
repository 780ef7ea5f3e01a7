import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { PATIENCE_MS } from '../../../../../scenarios/world/patience.fixture.ts';
import { unusedPort } from '../../../../../scenarios/world/unused-port.fixture.ts';

import { type MigrationSet, migrate, openDatabase } from './index.ts';
import { type PostgresServer, skipPostgres, startPostgres } from './postgres.fixture.ts';

/** What stands between the program and PostgreSQL: addresses with wishes, rights, poolers, dead lines. */
describe('between us and PostgreSQL', { skip: skipPostgres }, () => {
  let server: PostgresServer;
  let set: MigrationSet;
  const directory = mkdtempSync(join(tmpdir(), 'poorter-between-'));

  before(async () => {
    server = await startPostgres();
    const text = 'CREATE TABLE account (id text PRIMARY KEY);';
    const folder = join(directory, 'postgres');
    mkdirSync(folder);
    writeFileSync(join(folder, '0001-first.sql'), text);
    set = { domain: 'test', directory, program: '1.0.0' };
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = async (t: TestContext, url: string, schema: string, options = {}) => {
    const database = await openDatabase({ kind: 'postgres', url, schema }, options);
    t.after(() => database.close());
    return database;
  };
  const asAdministrator = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      let rows: Record<string, unknown>[] = [];
      for (const statement of statements) ({ rows } = await client.query(statement));
      return rows;
    } finally {
      await client.end();
    }
  };
  const tablesIn = async (schema: string) =>
    (await asAdministrator(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`))
      .length;

  for (const wish of [
    '-c work_mem=8MB',
    '-c search_path=public',
    '-csearch_path=public -c work_mem=8MB',
    '--search_path=public --work_mem=8MB',
  ]) {
    test(`options=${wish} in the address does not put our tables elsewhere`, async (t) => {
      const { schema } = server.freshPlace();
      const url = `${server.url}&options=${encodeURIComponent(wish)}`;
      const database = await open(t, url, schema);
      await migrate(database, set, Date.now);
      assert.equal(await tablesIn(schema), 2);
      assert.equal(await tablesIn('public'), 0);
      if (!wish.includes('work_mem')) return;
      const { rows } = await sql<{ work_mem: string }>`SHOW work_mem`.execute(database.kysely);
      assert.equal(rows[0]?.work_mem, '8MB', 'the rest of the wish is kept');
    });
  }

  test('a role that owns its schema and may create none starts', async (t) => {
    const { schema } = server.freshPlace();
    const role = `role_${schema}`;
    await asAdministrator(
      `CREATE ROLE ${role} LOGIN`,
      `CREATE SCHEMA ${schema} AUTHORIZATION ${role}`,
      'REVOKE CREATE ON DATABASE postgres FROM PUBLIC',
    );
    const database = await open(t, server.url.replace('poorter@', `${role}@`), schema);
    assert.deepEqual(await migrate(database, set, Date.now), { from: 0, to: 1 });
    assert.deepEqual(await migrate(database, set, Date.now), { from: 1, to: 1 });
  });

  test('a line that dies silently is replaced, and the log says so', async (t) => {
    const line = await startLine(t, server.url);
    const said: string[] = [];
    const { schema } = server.freshPlace();
    const database = await open(t, line.url, schema, {
      notify: ({ message }: { message: string }) => said.push(message),
    });
    // Several connections, all of them dead afterwards.
    await Promise.all(
      Array.from({ length: 5 }, () => sql`SELECT pg_sleep(0.2)`.execute(database.kysely)),
    );
    line.swallow();
    // Beyond the time for which an answered connection is trusted.
    await pause(1_500);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => sql`SELECT 1`.execute(database.kysely)));
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 20_000, `${Math.round(tookMs)} ms`);
    assert.ok(said.some((message) => /did not answer for 3 s/.test(message)));
    assert.ok(said.some((message) => /are replaced/.test(message)));
  });

  test('a statement on a line that dies under it ends, and takes its connection with it', async (t) => {
    const line = await startLine(t, server.url);
    const { schema } = server.freshPlace();
    const options = { statementTimeoutMs: 3_000, connectionsMax: 1 };
    const database = await open(t, line.url, schema, options);
    const underWay = database.write(async (session) => {
      line.swallow();
      await sql`SELECT 1`.execute(session);
    });
    // Five seconds more than the server would take to end the statement itself.
    await assert.rejects(underWay, /timeout|terminated/i);
    await sql`SELECT 1`.execute(database.kysely);
  });

  const hasPgbouncer =
    spawnSync('sh', ['-c', 'PATH=$PATH:/usr/sbin; pgbouncer --version']).status === 0;
  for (const [what, lines] of [
    ['as it comes', []],
    [
      'that ignores what a session asks for',
      [
        'ignore_startup_parameters = options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout',
      ],
    ],
  ] as const) {
    test(`PgBouncer ${what} is refused at the start, by name`, {
      skip: !hasPgbouncer && 'pgbouncer is not installed',
    }, async (t) => {
      // Over a line: the server's folder is closed to whom the pooler runs as.
      const { url: through } = await startLine(t, server.url);
      const url = await startPgbouncer(t, through, lines);
      const { schema } = server.freshPlace();
      await assert.rejects(
        open(t, url, schema),
        /PgBouncer.*give the address of PostgreSQL itself/,
      );
      assert.equal(await tablesIn('public'), 0);
    });
  }
});

/** A line to the server that swallows what its connections of before say, while new ones work. */
async function startLine(t: TestContext, url: string) {
  const socket = `${new URL(url).searchParams.get('host')}/.s.PGSQL.5432`;
  const open = new Set<net.Socket>();
  let made = 0;
  let dead = 0;
  const line = net.createServer((near) => {
    const number = (made += 1);
    const far = net.connect(socket);
    open.add(near).add(far);
    near.on('data', (data) => number > dead && far.write(data)).on('error', () => undefined);
    far.on('data', (data) => number > dead && near.write(data)).on('error', () => undefined);
  });
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  t.after(() => {
    for (const one of open) one.destroy();
    line.close();
  });
  const { port } = line.address() as net.AddressInfo;
  return {
    url: `postgres://poorter@127.0.0.1:${port}/postgres`,
    swallow: () => {
      dead = made;
    },
  };
}

async function startPgbouncer(
  t: TestContext,
  url: string,
  lines: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-pgbouncer-'));
  const port = await unusedPort();
  const file = join(folder, 'pgbouncer.ini');
  const { port: serverPort } = new URL(url);
  writeFileSync(
    file,
    [
      '[databases]',
      `postgres = host=127.0.0.1 port=${serverPort} dbname=postgres user=poorter`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir ='],
      ...['auth_type = any', 'pool_mode = transaction', ...lines, ''],
    ].join('\n'),
  );
  const user: { uid?: number; gid?: number } = {};
  // It refuses to run as root.
  if (process.getuid?.() === 0) {
    const id = (flag: string) =>
      Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
    Object.assign(user, { uid: id('-u'), gid: id('-g') });
    for (const path of [folder, file]) chownSync(path, id('-u'), id('-g'));
  }
  const env = { PATH: `${process.env['PATH']}:/usr/sbin` };
  const child = spawn('pgbouncer', [file], { ...user, env, stdio: 'ignore' });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
    if (answers) return `postgres://poorter@127.0.0.1:${port}/postgres`;
    assert.ok(Date.now() < deadline, 'pgbouncer did not start');
    await pause(50);
  }
}
