import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './load.ts';
import { Issuer, ORDER, SCOPE, SMALL_ANSWER, WRONG_ORDER } from './orders.ts';
import { type Protection, SCARCE_CALLS_PER_MINUTE, type StartedPeer } from './peers/peer.ts';

export interface Trial {
  readonly origin: string;
  readonly started: StartedPeer;
  /** A call of the scenario, with the credentials that this peer wants. */
  readonly call: Call;
  readonly issuer: Issuer;
}

/**
 * Throws unless the peer lets the call through unchanged and refuses what it claims to refuse, so
 * that figures are of the same work.
 */
export async function verifyPeer(trial: Trial, claims: readonly Protection[]): Promise<void> {
  const { call } = trial;
  const wanted = call.method === 'POST' ? ORDER : SMALL_ANSWER;
  const answer = await send(trial, call);
  expect(answer.status === 200 && answer.body === wanted, 'a good call', answer.status);
  for (const claim of claims) await TRIALS[claim](trial);
}

const TRIALS: Readonly<Record<Protection, (trial: Trial) => Promise<void>>> = {
  async token(trial) {
    const { call } = trial;
    await expectStatus(trial, { ...call, headers: without(call, 'Authorization') }, [401]);
    const stranger = new Issuer().token('caller-0', SCOPE);
    await expectStatus(trial, withToken(call, stranger), [401]);
  },
  async scope(trial) {
    const token = trial.issuer.token('caller-0', 'orders:read');
    await expectStatus(trial, withToken(trial.call, token), [403]);
  },
  async key(trial) {
    const { call } = trial;
    await expectStatus(trial, { ...call, headers: without(call, 'X-Api-Key') }, [401]);
    const headers = { ...call.headers, 'X-Api-Key': 'poorter_wrong' };
    await expectStatus(trial, { ...call, headers }, [401]);
  },
  async limit(trial) {
    const { headers } = trial.call;
    const call: Call = { method: 'GET', path: '/v1/scarce', headers: withoutBody(headers) };
    const statuses: number[] = [];
    // Workers that count for themselves let as many through each.
    for (let turn = 0; turn < SCARCE_CALLS_PER_MINUTE * 6; turn++) {
      statuses.push((await send(trial, call)).status);
    }
    expect(statuses[0] === 200, 'the first of few calls', statuses[0]);
    expect(statuses.at(-1) === 429, 'a call beyond the limit', statuses.at(-1));
  },
  async 'request body'(trial) {
    await expectStatus(trial, { ...trial.call, body: WRONG_ORDER }, [400, 422]);
  },
  async answer(trial) {
    await expectStatus(trial, { ...trial.call, path: '/v1/wrong-answer' }, [502]);
  },
  async record(trial) {
    const before = recordsOf(trial);
    await send(trial, trial.call);
    const deadline = performance.now() + 3_000;
    while (recordsOf(trial) <= before) {
      expect(performance.now() < deadline, 'the record', 'nothing new');
      await sleep(20);
    }
  },
};

async function expectStatus(trial: Trial, call: Call, allowed: readonly number[]): Promise<void> {
  const { status } = await send(trial, call);
  expect(allowed.includes(status), `what deserves ${allowed.join(' or ')}`, status);
}

function expect(isFine: boolean, what: string, got: unknown): void {
  if (!isFine) throw new Error(`${what} was answered with ${got}`);
}

async function send(trial: Trial, call: Call): Promise<{ status: number; body: string }> {
  const { method, path, headers, body } = call;
  const answer = await fetch(trial.origin + path, { method, headers, body: body ?? null });
  return { status: answer.status, body: await answer.text() };
}

function withToken(call: Call, token: string): Call {
  return { ...call, headers: { ...call.headers, Authorization: `Bearer ${token}` } };
}

function without(call: Call, field: string): Record<string, string> {
  const { [field]: _, ...rest } = call.headers;
  return rest;
}

function withoutBody(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'Content-Type': _, ...rest } = headers;
  return rest;
}

function recordsOf({ started }: Trial): number {
  return started.countRecords?.() ?? linesOf(started.recordFile);
}

function linesOf(file: string | undefined): number {
  if (file === undefined) return 0;
  try {
    return readFileSync(file, 'utf8').split('\n').length;
  } catch {
    return 0;
  }
}
