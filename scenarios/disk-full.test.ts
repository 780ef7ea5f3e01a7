import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './world/calls.fixture.ts';
import { removeFolder } from './world/folders.fixture.ts';
import { type RunningPoorter, runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { mountSmallDisk, type SmallDisk, skipSmallDisk } from './world/small-disk.fixture.ts';

const MIB = 1_048_576;
/** Once no more may wait, memory must not follow the load. */
const GROWTH_BYTES_MAX = 40 * MIB;
/** 8 MiB of characters a thread wait for the disk; as much again, and what is not yet collected. */
const WAITING_BYTES_MAX = 128 * MIB;
const LOAD_MS = 6_000;
/** A long path makes long records: the spool fills in seconds. */
const LONG = `/accounts/${'long'.repeat(1_000)}`;

const answers = { responses: { 200: { description: 'ok' } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  security: [],
  paths: {
    '/accounts': {
      get: { operationId: 'listAccounts', ...answers },
      post: { operationId: 'pay', 'x-poorter': { audit: 'durable' }, ...answers },
    },
    [LONG]: { get: { operationId: 'listLong', ...answers } },
  },
};

/** What the service was asked, and what callers heard. */
interface Tally {
  forwarded: number;
  answered: number;
  /** Refused after its place had been taken: there is a record. */
  refused: number;
  /** Refused because there was no place: only their number is recorded. */
  turnedAway: number;
}

const METHODS = ['GET', 'POST'] as const;
type Method = (typeof METHODS)[number];

class Callers {
  readonly tally: Record<Method, Tally> = { GET: none(), POST: none() };
  readonly odd: string[] = [];
  path = '/accounts';
  /**
   * A connection for each call: a call that is turned away ends its own, and what connections leave
   * to the garbage collector is not what is measured.
   */
  readonly #agent = new Agent({ keepAlive: false, maxSockets: 16 });
  #url = '';
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  /** A service that counts what reaches it. */
  async startService(t: TestContext): Promise<string> {
    const service = createServer((incoming, answer) => {
      this.tally[incoming.method as Method].forwarded++;
      incoming.resume();
      answer.end();
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      this.#isOver = true;
      this.#agent.destroy();
      service.closeAllConnections();
      service.close();
    });
    return `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  }

  begin(url: string): void {
    this.#url = url;
    this.#isOver = false;
    const caller = async (method: Method) => {
      // Whoever is turned away comes again a little later: hundreds in a second, and not what the machine bears.
      while (!this.#isOver) if ((await this.call(method)) !== 200) await sleep(5);
    };
    this.#running = Promise.all(['GET', 'GET', 'GET', 'POST'].map((m) => caller(m as Method)));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async call(method: Method): Promise<number> {
    const { status, text } = await this.#ask(method);
    const tally = this.tally[method];
    if (status === 200) tally.answered++;
    else if (text.includes('unrecorded')) tally.turnedAway++;
    else if (text.includes('record_unavailable')) tally.refused++;
    else this.odd.push(`${method}: ${status} ${text}`);
    return status;
  }

  #ask(method: Method): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      const path = method === 'GET' ? this.path : '/accounts';
      const failed = (error: Error) => resolve({ status: 0, text: String(error) });
      const outgoing = request(`${this.#url}${path}`, { method, agent: this.#agent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.once('error', failed);
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      outgoing.once('error', failed).end();
    });
  }
}

function none(): Tally {
  return { forwarded: 0, answered: 0, refused: 0, turnedAway: 0 };
}

/** The largest resident size within so long. */
async function mostBytes(pid: number, ms: number): Promise<number> {
  let most = 0;
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    most = Math.max(most, residentBytes(pid));
  }
  return most;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)?.[1]) * 1024;
}

type Leaf = Record<string, string | number | null>;

/** Every leaf, after the server has ended: it verifies, here and as an export. */
async function allLeaves(data: string): Promise<Leaf[]> {
  const verified = await runPoorter(['log', 'verify', '--data', data]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  const file = join(data, '..', 'all.jsonl');
  assert.equal((await runPoorter(['log', 'export', '--to', file, '--data', data])).status, 0);
  const key = readFileSync(join(data, 'log-public-key'), 'utf8').trim();
  assert.match((await runPoorter(['log', 'verify', file, '--key', key])).stdout, /^good/);
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => /"leaf":"([^"]+)"/.exec(line)?.[1] ?? [])
    .map((text) => JSON.parse(Buffer.from(text, 'base64').toString()) as Leaf);
}

/** What a stop leaves in the spool is for the next start: a recorder that is behind catches up first. */
async function drained(data: string, { tally }: Callers): Promise<void> {
  const { GET, POST } = tally;
  // A payment has an intent and an outcome besides.
  const known = GET.answered + GET.refused + 3 * POST.answered + POST.refused;
  const sizeOfLog = async () => {
    const { stdout } = await runPoorter(['log', 'verify', '--json', '--data', data]);
    return (JSON.parse(stdout) as { size: number }).size;
  };
  await eventually('the spool is drained', async () => {
    const size = await sizeOfLog();
    await sleep(1_000);
    return size >= known && (await sizeOfLog()) === size;
  });
}

/** Each call that was answered is there once; each that was turned away is counted. */
function compare(leaves: readonly Leaf[], { tally, odd }: Callers): void {
  const count = (wanted: Leaf) =>
    leaves.filter((leaf) => Object.entries(wanted).every(([name, is]) => leaf[name] === is)).length;
  assert.deepEqual(odd, []);
  for (const method of METHODS) {
    const { answered, refused } = tally[method];
    assert.equal(count({ type: 'call', method, decision: 'forwarded' }), answered, method);
    assert.equal(count({ type: 'call', method, code: 'record_unavailable' }), refused, method);
  }
  const intents = new Set(leaves.filter(({ type }) => type === 'intent').map(({ id }) => id));
  assert.ok(intents.size >= tally.POST.forwarded, 'every forwarded payment has an intent');
  assert.ok(count({ type: 'outcome' }) >= tally.POST.answered, 'every answered one an outcome');
  const gaps = leaves.filter(({ type }) => type === 'gap');
  assert.ok(gaps.every(({ cause }) => cause === 'turned-away'));
  const missing = gaps.reduce((sum, gap) => sum + Number(gap['count']), 0);
  assert.equal(missing, tally.GET.turnedAway + tally.POST.turnedAway);
  assert.equal(
    new Set(leaves.filter((l) => l['type'] === 'call').map((l) => l['id'])).size,
    count({ type: 'call' }),
  );
}

async function startIn(t: TestContext, data: string, service: string): Promise<RunningPoorter> {
  return startPoorter(t, {
    description,
    upstream: service,
    configuration: {
      storage: data,
      // Only the security log; small, that its bound is reached.
      records: { file: undefined },
      log: { spoolBytes: 32 * MIB },
    },
  });
}

/** A data directory; `mount` comes before the removal, so that it is unmounted before. */
function dataIn(t: TestContext, mount: (data: string) => SmallDisk): [string, SmallDisk] {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-full-'));
  const data = join(folder, 'data');
  const disk = mount(data);
  t.after(() => removeFolder(folder));
  return [data, disk];
}

function megabytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

test('no payment is forwarded while the disk for its record is full, and memory does not grow', {
  skip: skipSmallDisk,
}, async (t) => {
  const [data, disk] = dataIn(t, (data) => mountSmallDisk(t, join(data, 'spool'), 64 * MIB));
  const callers = new Callers();
  const poorter = await startIn(t, data, await callers.startService(t));
  const { gateway, control } = poorter.children();
  callers.begin(poorter.url);
  const before = await mostBytes(gateway, 2_500);
  await callers.end();
  assert.deepEqual([callers.tally.POST.refused, callers.tally.GET.turnedAway], [0, 0]);
  await eventually(
    'what the log has taken is removed, and makes no room later',
    () => readdirSync(disk.path).filter((name) => name.endsWith('.spool')).length <= 2,
  );

  disk.fill();
  callers.begin(poorter.url);
  callers.path = LONG;
  // The last page of a spool file still takes some lines.
  await eventually('both threads find the disk full', () => {
    const told = poorter.notices('records_unwritten');
    const full = told.filter(({ message }) => message.includes('ENOSPC'));
    return new Set(full.map(({ thread }) => thread)).size >= 2;
  });
  // Payments that had their intent before.
  await sleep(1_000);
  const full = structuredClone(callers.tally);
  await eventually('the bound', () => callers.tally.GET.turnedAway > 100);
  const atBound = await mostBytes(gateway, 3_000);
  const most = await mostBytes(gateway, LOAD_MS);
  const { POST, GET } = structuredClone(callers.tally);
  t.diagnostic(
    `while records filled what may wait: ${megabytes(atBound - before)}; in ${LOAD_MS / 1_000} s after that: ${megabytes(most - atBound)}`,
  );
  t.diagnostic(JSON.stringify({ full, POST, GET }));
  assert.ok(POST.refused - full.POST.refused + POST.turnedAway - full.POST.turnedAway > 20);
  assert.equal(POST.forwarded - full.POST.forwarded, 0, 'payments forwarded');
  assert.equal(POST.answered - full.POST.answered, 0, 'payments answered');
  assert.ok(GET.turnedAway > 100, 'batched calls are refused at the bound');
  assert.ok(most - atBound < GROWTH_BYTES_MAX, megabytes(most - atBound));
  assert.ok(atBound - before < WAITING_BYTES_MAX, megabytes(atBound - before));

  disk.empty();
  callers.path = '/accounts';
  await poorter.awaitNotice('records_written');
  await eventually(
    'payments go through again',
    async () => callers.tally.POST.answered > POST.answered + 20,
  );
  await callers.end();
  assert.equal(poorter.children().gateway, gateway, 'no gateway was replaced');
  assert.equal(poorter.children().control, control, 'nor control');
  await drained(data, callers);
  assert.equal(await poorter.stop(), 0);
  compare(await allLeaves(data), callers);
});

test('nothing is lost while the disk of the log is full: the spool takes the rest up to its bound', {
  skip: skipSmallDisk,
}, async (t) => {
  const [data, disk] = dataIn(t, (data) => {
    const small = mountSmallDisk(t, data, 24 * MIB);
    mountSmallDisk(t, join(data, 'spool'), 64 * MIB);
    return small;
  });
  const callers = new Callers();
  const poorter = await startIn(t, data, await callers.startService(t));
  const { gateway, control } = poorter.children();
  callers.begin(poorter.url);
  await sleep(3_000);
  disk.fill();
  await poorter.awaitNotice('recorder_fault', ({ message }) => /full/.test(message));
  const full = structuredClone(callers.tally);
  await sleep(3_000);
  const { POST } = structuredClone(callers.tally);
  assert.ok(POST.answered > full.POST.answered, 'payments go on: their records are in the spool');
  assert.equal(POST.refused, 0);
  const before = await mostBytes(gateway, 2_500);
  callers.path = LONG;
  await eventually('the bound of the spool', () => callers.tally.GET.turnedAway > 100);
  const atBound = await mostBytes(gateway, 2_000);
  const most = await mostBytes(gateway, LOAD_MS);
  t.diagnostic(
    `while the spool filled: ${megabytes(atBound - before)}; in ${LOAD_MS / 1_000} s after that: ${megabytes(most - atBound)}`,
  );
  // Long records begin within it: they wait, and what of them is not yet collected counts too.
  assert.ok(atBound - before < WAITING_BYTES_MAX, megabytes(atBound - before));
  assert.ok(most - atBound < GROWTH_BYTES_MAX, megabytes(most - atBound));
  disk.empty();
  callers.path = '/accounts';
  const { answered } = callers.tally.POST;
  await eventually('calls are taken again', () => callers.tally.POST.answered > answered + 20);
  await callers.end();
  assert.equal(poorter.children().gateway, gateway, 'no gateway was replaced');
  assert.equal(poorter.children().control, control, 'nor control');
  await drained(data, callers);
  assert.equal(await poorter.stop(), 0);
  compare(await allLeaves(data), callers);
});
