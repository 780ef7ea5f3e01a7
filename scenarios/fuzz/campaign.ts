import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawUpstream, startRawUpstream } from '../world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from '../world/patience.fixture.ts';
import { type Lifetime, type RunningPoorter, startPoorter } from '../world/poorter.fixture.ts';
import { type RawAnswer, sendRaw } from '../world/raw-client.fixture.ts';
import { things } from '../world/things.fixture.ts';
import { type FuzzMessage, fuzzMessage } from './mutations.ts';
import { Random } from './random.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** Asked after each batch. */
  readonly isEnough: (counts: CampaignCounts) => boolean;
  readonly onProgress?: (counts: CampaignCounts) => void;
}

export interface CampaignCounts {
  messages: number;
  answers: number;
  forwarded: number;
  refused: number;
  failed: number;
}

export interface CampaignResult extends CampaignCounts {
  /** What was wrong, empty when nothing was. */
  readonly complaints: readonly string[];
  /** Where the messages of the batch that went wrong are kept. */
  readonly reproduction: string | null;
}

/** Messages between two looks at the whole: small enough to reproduce by hand. */
const BATCH = 256;
const AT_ONCE = 32;
const ANSWER_WAIT_MS = 120;
/** Never set aside within a campaign: the file is read from where the last look ended. */
const ROTATE_BYTES = 2 ** 31;
/** The records of one batch are about a tenth of this. */
const RECORD_BYTES_MAX = 8_388_608;
/** A call whose caller left in mid-body is recorded at once; the batch's last ones need a flush. */
const SETTLE_MS = 150;

/**
 * Sends seeded messages to a real gate in front of a raw service, and after each batch compares
 * three accounts of it: what the callers were answered, what was recorded, what the service got.
 */
export async function runCampaign(t: Lifetime, options: CampaignOptions): Promise<CampaignResult> {
  const upstream = await startRawUpstream(t, { keepsBytes: false });
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: {
      limits: { failures: 'off' },
      records: { rotateBytes: ROTATE_BYTES },
      timeouts: { bodyIdleMs: 2_000 },
    },
  });
  const random = new Random(options.seed);
  const counts = { messages: 0, answers: 0, forwarded: 0, refused: 0, failed: 0 };
  const tally = new Tally(poorter, upstream);
  while (!options.isEnough(counts)) {
    const batch = Array.from({ length: BATCH }, () => fuzzMessage(random));
    const answers = await sendAll(poorter.port, batch);
    const complaints = await tally.check(answers, counts);
    counts.messages += batch.length;
    if (complaints.length > 0) {
      return { ...counts, complaints, reproduction: keep(options.seed, batch, complaints) };
    }
    options.onProgress?.(counts);
  }
  return { ...counts, complaints: [], reproduction: null };
}

async function sendAll(port: number, batch: readonly FuzzMessage[]): Promise<RawAnswer[]> {
  const answers: RawAnswer[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < batch.length; index = next++) {
      const { pieces, endsEarly } = batch[index] as FuzzMessage;
      const exchange = await sendRaw(port, pieces, {
        timeoutMs: ANSWER_WAIT_MS,
        end: endsEarly,
        pauseMs: 2,
      });
      answers.push(...exchange.answers);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

class Tally {
  readonly #poorter: RunningPoorter;
  readonly #upstream: RawUpstream;
  readonly #buffer = Buffer.alloc(RECORD_BYTES_MAX);
  #recordBytesSeen = 0;
  #requestsSeen = 0;

  constructor(poorter: RunningPoorter, upstream: RawUpstream) {
    this.#poorter = poorter;
    this.#upstream = upstream;
  }

  /** Records and requests may take a moment to arrive: only what stays wrong is wrong. */
  async check(answers: readonly RawAnswer[], counts: CampaignCounts): Promise<string[]> {
    const deadline = Date.now() + PATIENCE_MS;
    const records: CallRecordText[] = [];
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      records.push(...this.#newRecords());
      const requests = this.#upstream.requests() - this.#requestsSeen;
      const complaints = this.#compare(answers, records, requests);
      if (complaints.length > 0 && Date.now() < deadline) continue;
      this.#requestsSeen += requests;
      const decided = (decision: string) =>
        records.filter((one) => one['decision'] === decision).length;
      counts.answers += answers.length;
      counts.forwarded += decided('forwarded');
      counts.failed += decided('failed');
      counts.refused += decided('refused');
      return complaints;
    }
  }

  #compare(
    answers: readonly RawAnswer[],
    records: readonly CallRecordText[],
    requests: number,
  ): string[] {
    const complaints: string[] = [];
    const byId = new Map<unknown, number>();
    for (const { id } of records) byId.set(id, (byId.get(id) ?? 0) + 1);
    for (const [id, count] of byId) if (count > 1) complaints.push(`${count} records for ${id}`);

    let answeredByService = 0;
    for (const { status, headers, body } of answers) {
      if (/\n\s+at |node:internal|\.ts:\d/.test(body)) complaints.push(`a stack trace: ${body}`);
      if (headers['content-type'] !== 'application/problem+json') {
        answeredByService++;
        continue;
      }
      // An answer to HEAD announces a document that it does not carry.
      const problem = body.startsWith('{') ? (JSON.parse(body) as Problem) : null;
      if (problem === null) continue;
      const id = problem.instance.split(':').at(-1);
      if (byId.get(id) !== 1) complaints.push(`no record for the answer ${status} ${id}`);
      if (problem.code === 'internal_fault') complaints.push(`an internal fault in call ${id}`);
    }
    const decided = (decision: string) => records.filter((one) => one['decision'] === decision);
    for (const record of records) {
      if (record['code'] === 'internal_fault')
        complaints.push(`a fault: ${JSON.stringify(record)}`);
    }
    const forwarded = decided('forwarded').length;
    const failed = decided('failed').length;
    // A caller who left while its call was under way is recorded as failed, sent or not.
    if (requests < forwarded || requests > forwarded + failed) {
      complaints.push(`${requests} requests at the service, ${forwarded} recorded as forwarded`);
    }
    if (answeredByService > forwarded + decided('answered').length) {
      complaints.push(`${answeredByService} answers of the service, ${forwarded} recorded`);
    }
    const printed = this.#poorter.output().match(/^poorter: .*$/m);
    if (printed !== null) complaints.push(`the program said: ${printed[0]}`);
    return complaints;
  }

  #newRecords(): CallRecordText[] {
    const file = openSync(join(this.#poorter.folder, 'data/decisions.jsonl'), 'r');
    const length = readSync(file, this.#buffer, 0, RECORD_BYTES_MAX, this.#recordBytesSeen);
    closeSync(file);
    const whole = this.#buffer.subarray(0, length).lastIndexOf(10) + 1;
    this.#recordBytesSeen += whole;
    return this.#buffer
      .toString('utf8', 0, whole)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as CallRecordText);
  }
}

type CallRecordText = Record<string, unknown>;

interface Problem {
  readonly code: string;
  readonly instance: string;
}

function keep(seed: number, batch: readonly FuzzMessage[], complaints: readonly string[]): string {
  const folder = join(tmpdir(), 'poorter-fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `seed-${seed}.json`);
  const messages = batch.map(({ pieces, endsEarly }) => ({
    endsEarly,
    pieces: pieces.map((piece) => piece.toString('latin1')),
  }));
  writeFileSync(file, JSON.stringify({ seed, complaints, messages }, null, 1));
  return file;
}
