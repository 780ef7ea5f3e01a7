import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseLeaf } from '../packages/server/src/security-log/leaf.ts';
import { LogReader } from '../packages/server/src/security-log/log-reader.ts';
import { openLog } from '../packages/server/src/security-log/open-log.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** `CARRIED_RECORDS=200000 CARRIED_OUTAGE_MS=25000 node --test …` for the long run. */
const RECORDS = Number(process.env['CARRIED_RECORDS'] ?? 12_000);
const OUTAGE_MS = Number(process.env['CARRIED_OUTAGE_MS'] ?? 6_000);
/** Generous: the machine may be busy with something else. */
const CAUGHT_UP_MS = 120_000 + RECORDS;

/** Records name the path: a long one makes much to carry of few calls. */
const LONG = 'x'.repeat(1_500);

const ok = { 200: { description: 'ok' } };
const durable = { security: [], 'x-poorter': { audit: 'durable' }, responses: ok };
const description = {
  openapi: '3.1.0',
  info: { title: 'Flood', version: '1' },
  paths: {
    [`/things/${LONG}`]: { get: { security: [], responses: ok } },
    '/payments': { post: durable },
  },
};

/** Calls without pause, until it has done as many as it was told to. */
class Callers {
  done = 0;
  durable = 0;
  readonly failed: string[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #urls: () => readonly string[];
  readonly #work: Promise<unknown>;
  #until = 0;

  constructor(urls: () => readonly string[]) {
    this.#urls = urls;
    this.#work = Promise.all(Array.from({ length: 16 }, (_, caller) => this.#go(caller)));
  }

  /** Returns when so many calls were answered in all; then no call is under way. */
  async upTo(count: number): Promise<void> {
    this.#until = count;
    while (this.done + this.failed.length < count) await sleep(20);
  }

  async end(): Promise<void> {
    this.#until = -1;
    await this.#work;
    this.#agent.destroy();
  }

  async #go(caller: number): Promise<void> {
    let number = caller;
    for (let started = 0; this.#until >= 0; started++) {
      if (this.done + this.failed.length + 16 > this.#until) {
        await sleep(5);
        if (this.done + this.failed.length >= this.#until) continue;
      }
      const urls = this.#urls();
      const url = urls[number++ % urls.length] as string;
      await this.#call(url, started % 50 === 0);
    }
  }

  #call(url: string, isDurable: boolean): Promise<void> {
    const path = isDurable ? '/payments' : `/things/${LONG}`;
    const method = isDurable ? 'POST' : 'GET';
    return new Promise((resolve) => {
      const end = (failure: string | null) => {
        if (failure !== null) this.failed.push(failure);
        else {
          this.done++;
          if (isDurable) this.durable++;
        }
        resolve();
      };
      const outgoing = request(`${url}${path}`, { agent: this.#agent, method }, (answer) => {
        let text = '';
        answer.on('data', (piece: Buffer) => {
          text += piece;
        });
        answer.once('end', () =>
          end(answer.statusCode === 200 ? null : `${answer.statusCode} ${text}`),
        );
        answer.once('error', (error) => end(String(error)));
      });
      outgoing.once('error', (error) => end(String(error)));
      outgoing.end();
    });
  }
}

/** What the log of control holds: ids of calls, and what it says is missing. */
async function tally(file: string, from: number, seen: Map<string, number>) {
  const database = await openLog({ kind: 'sqlite', file }, Date.now);
  try {
    const [node] = await database.kysely.selectFrom('log_node').select('node').execute();
    if (node === undefined) return { size: from, gaps: [] as string[] };
    const reader = new LogReader(database.kysely, node.node);
    const size = (await reader.state())?.size ?? 0;
    const gaps: string[] = [];
    let at = from;
    while (at < size) {
      const run = await reader.runOf(at);
      if (run === null) throw new Error(`no leaf ${at}`);
      for (const bytes of run.leaves.slice(at - run.first)) {
        const leaf = parseLeaf(bytes.toString('utf8', 1));
        if (leaf?.type === 'gap') gaps.push(`${leaf.cause} ${leaf.count}`);
        else if (leaf?.id) {
          const key = `${leaf.type} ${leaf.id}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
      }
      at = run.first + run.leaves.length;
    }
    // The last run may have grown meanwhile, and was read whole.
    return { size: at, gaps };
  } finally {
    await database.close();
  }
}

test('records of gateways on other machines are all in the log, once, whatever outages control had', async (t) => {
  const authority = makeAuthority(t);
  const upstream = await startRawUpstream(t);
  const port = await unusedPort();
  const control = await startPoorter(t, {
    ...{ description, upstream: upstream.url, role: 'control' },
    files: linkFiles(authority, 'control'),
    configuration: {
      control: { address: `127.0.0.1:${await unusedPort()}` },
      // However long the outage: what is counted here is carrying, not the bound.
      log: { spoolBytes: 2_147_483_648 },
      link: { address: `127.0.0.1:${port}`, ...LINK_FILES, gateways: ['gw_a', 'gw_b'] },
    },
  });
  const link = `localhost:${port}`;
  const a = await startGateway(t, { name: 'gw_a', control: link, authority });
  let b = await startGateway(t, { name: 'gw_b', control: link, authority });
  // More than a batch takes of one machine while control is away, and of the other less.
  const both = () => [a.url, a.url, a.url, b.url];
  let urls = both();
  const callers = new Callers(() => urls);

  await callers.upTo(Math.floor(RECORDS * 0.2));
  const stopped = control.children().control;
  process.kill(stopped, 'SIGSTOP');
  t.after(() => {
    try {
      process.kill(stopped, 'SIGCONT');
    } catch {
      // It was killed meanwhile.
    }
  });
  const outage = sleep(OUTAGE_MS);
  await callers.upTo(Math.floor(RECORDS * 0.6));
  await outage;
  process.kill(stopped, 'SIGCONT');
  await callers.upTo(Math.floor(RECORDS * 0.7));
  process.kill(control.children().control, 'SIGKILL');
  await callers.upTo(Math.floor(RECORDS * 0.85));
  // One machine is started again; nobody calls it meanwhile.
  urls = [a.url];
  await callers.upTo(callers.done + callers.failed.length);
  await b.stop();
  b = await startGateway(t, { name: 'gw_b', control: link, authority, folder: b.folder });
  urls = both();
  process.kill(control.children().control, 'SIGKILL');
  await callers.upTo(RECORDS);
  await callers.end();
  assert.deepEqual(callers.failed.slice(0, 5), []);

  const file = join(control.folder, 'data', 'log.sqlite');
  const seen = new Map<string, number>();
  const gaps: string[] = [];
  const calls = () => [...seen.keys()].filter((key) => key.startsWith('call ')).length;
  const deadline = Date.now() + CAUGHT_UP_MS;
  for (let from = 0; calls() < callers.done && Date.now() < deadline; ) {
    await sleep(500);
    const read = await tally(file, from, seen);
    from = read.size;
    gaps.push(...read.gaps);
  }
  t.diagnostic(
    `${callers.done} calls, ${callers.durable} of them durable: ${callers.done - calls()} missing`,
  );
  assert.equal(calls(), callers.done, `${callers.done - calls()} missing; ${control.output()}`);
  assert.deepEqual(gaps, []);
  assert.ok([...seen.values()].every((times) => times === 1));
  for (const type of ['intent', 'outcome']) {
    const there = [...seen.keys()].filter((key) => key.startsWith(`${type} `)).length;
    assert.equal(there, callers.durable, type);
  }
  // Carrying is over: each machine keeps what its threads write now, and no more.
  for (const { folder } of [a, b]) {
    const until = Date.now() + 60_000;
    const files = () => readdirSync(join(folder, 'data', 'spool'));
    while (files().filter((name) => name.endsWith('.spool')).length > 1) {
      assert.ok(Date.now() < until, files().join(' '));
      await sleep(200);
    }
  }
  assert.equal(await control.stop(), 0);
  const verified = await runPoorter([
    'log',
    'verify',
    '--config',
    join(control.folder, 'poorter.yaml'),
  ]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});
