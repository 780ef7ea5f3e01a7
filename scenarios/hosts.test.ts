import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { problems } from '@poorter/engine';
import {
  ANSWERS,
  type AnswerCase,
  CALLS,
  type CallCase,
  HOSTS,
  MODES,
  type Mode,
  STAGES,
  type Verdict,
} from './hosts.cases.ts';
import { type Answer, codeOf } from './world/calls.fixture.ts';
import { type Asked, type Door, type Recorded, startHosts } from './world/hosts.fixture.ts';

/** The table of hosts.cases.ts, through every host: real sockets, real parts. */

const { doors, service, say, records } = await startHosts({ after });

/** What one door made of one case. */
interface Outcome {
  readonly door: Door;
  readonly answer: Answer;
  readonly address: string;
}

/** Each case at each door has an address of its own: nobody pays for what another has done. */
let addresses = 0;
const nextAddress = () => `10.1.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`;

async function askAt(door: Door, one: CallCase): Promise<Outcome> {
  const address = nextAddress();
  const { method = 'GET', target, headers = {}, key, body, isHandshake = false } = one;
  const asked: Asked = {
    ...{ method, target, body, isHandshake },
    ...{ token: one.token, opaqueToken: one.opaqueToken },
    headers: { 'x-forwarded-for': address, ...headers, ...(key && { key: '' }) },
  };
  for (let earlier = 0; earlier < (one.before ?? 0); earlier++) await door.ask(asked);
  return { door, answer: await door.ask(asked), address };
}

async function each<One, Made>(
  table: Readonly<Record<string, One>>,
  ask: (one: One) => Promise<Made>,
): Promise<Map<string, Made>> {
  const made = new Map<string, Made>();
  for (const [name, one] of Object.entries(table)) made.set(name, await ask(one));
  return made;
}

say({ body: '{"name":"a"}' });
const decided = await each(CALLS, async (one) => {
  const outcomes: Outcome[] = [];
  for (const door of doors) outcomes.push(await askAt(door, one));
  return outcomes;
});
const left = await each(ANSWERS, async (one) => {
  say(one.said);
  const outcomes: (Outcome & { readonly mode: Mode })[] = [];
  for (const mode of MODES) {
    const { method = 'GET' } = one;
    const asked = { stage: 'release', method, target: `/${mode}` } as const;
    for (const door of doors) {
      const call: CallCase = { ...asked, expected: 'allowed', phase: null };
      outcomes.push({ mode, ...(await askAt(door, call)) });
    }
  }
  return outcomes;
});
const all = await records();
const recorded = new Map(all.map((record) => [String(record['id']), record]));

function recordOf({ answer }: Outcome): Recorded {
  const id = String(answer.headers['poorter-call']);
  return recorded.get(id) ?? assert.fail(`no record of ${id}: ${answer.status} ${answer.text}`);
}

const statusOf = (verdict: Verdict): number => {
  if (verdict === 'allowed') return 200;
  return verdict === 'preflight' ? 204 : problems[verdict].status;
};

/** A preflight of the middleware has no record of its own, and no name for one. */
const isUnrecorded = ({ door }: Outcome, verdict: Verdict) =>
  verdict === 'preflight' && door.host === 'middleware';

function assertVerdict(outcome: Outcome, verdict: Verdict, phase: CallCase['phase']): void {
  const { door, answer, address } = outcome;
  const what = `${door.name}: ${answer.status} ${answer.text}`;
  assert.equal(answer.status, door.statusOf(statusOf(verdict)), what);
  if (isUnrecorded(outcome, verdict)) return;
  const record = recordOf(outcome);
  const isRefused = verdict !== 'allowed' && verdict !== 'preflight';
  const made = verdict === 'allowed' ? 'forwarded' : isRefused ? 'refused' : 'answered';
  assert.equal(record['host'], door.host, what);
  assert.equal(record['decision'], made, what);
  assert.equal(record['code'], isRefused ? verdict : null, what);
  assert.equal(record['phase'], phase, what);
  // Before the head is believed, the address is that of whoever sent it.
  if (phase !== 'admit') assert.equal(record['client'], address, what);
}

for (const [name, one] of Object.entries(CALLS)) {
  const { expected, phase, except = {} } = one;
  test(`all hosts decide alike: ${name}`, () => {
    const outcomes = decided.get(name) ?? assert.fail(name);
    const carried = outcomes.filter(({ door }) => except[door.host] === undefined);
    for (const outcome of carried) assertVerdict(outcome, expected, phase);
    const withRecord = carried.filter((outcome) => !isUnrecorded(outcome, expected));
    const [first, ...others] = withRecord.map((outcome) => told(outcome));
    for (const other of others) assert.deepEqual(other, first);
  });

  for (const host of HOSTS) {
    const exception = except[host];
    if (exception === undefined) continue;
    test(`what ${host} cannot carry it answers as the table says: ${name}`, () => {
      const outcomes = decided.get(name) ?? [];
      for (const outcome of outcomes.filter(({ door }) => door.host === host)) {
        const { answer, door } = outcome;
        const instead: Verdict | 'its http host' = exception.instead;
        assert.notEqual(instead, expected, 'it could carry it');
        const record = recordOf(outcome);
        if (instead === 'its http host') return assert.equal(record['host'], 'http');
        assert.equal(record['host'], host);
        assert.equal(answer.status, door.statusOf(statusOf(instead)), answer.text);
        assert.equal(record['code'], instead === 'allowed' ? null : instead);
      }
    });
  }
}

/** All that hosts must have in common beyond the verdict: who it was, why, and what callers are to do. */
function told(outcome: Outcome): object {
  const { answer } = outcome;
  const { principal, evidence, path } = recordOf(outcome);
  const { kind, client } = (principal ?? {}) as { kind?: string; client?: string };
  const { headers } = answer;
  const problem = codeOf(answer) === '' ? null : (JSON.parse(answer.text) as { title: string });
  return {
    ...{ kind, client, path, title: problem?.title },
    evidence: JSON.stringify(evidence),
    // The middleware stands in a service that may publish no such document.
    challenge: headers['www-authenticate']?.replace(/, resource_metadata="[^"]*"/, ''),
    allow: headers['allow'],
  };
}

for (const [name, one] of Object.entries(ANSWERS)) {
  for (const mode of MODES) {
    test(`the same leaves through all hosts: ${name}, ${mode}`, () => {
      const outcomes = (left.get(name) ?? []).filter((outcome) => outcome.mode === mode);
      const { except = {} } = one;
      const carried = outcomes.filter(
        ({ door }) => door.host !== 'forward-auth' && except[door.host] === undefined,
      );
      assert.ok(carried.length >= 2, 'a table for one host');
      for (const outcome of carried) assertLeft(outcome, one, mode);
      const [first, ...others] = carried.map((outcome) => recordOf(outcome)['answer']);
      for (const other of others) assert.deepEqual(other, first);
    });
  }

  for (const host of HOSTS) {
    const exception = one.except?.[host];
    if (exception === undefined) continue;
    test(`the answer that ${host} cannot carry is not asked for: ${name}`, () => {
      for (const outcome of (left.get(name) ?? []).filter(({ door }) => door.host === host)) {
        assert.equal(outcome.answer.status, problems[exception.instead].status);
        assert.equal(recordOf(outcome)['code'], exception.instead);
      }
    });
  }
}

function assertLeft(outcome: Outcome, { said, leaves, found, method }: AnswerCase, mode: Mode) {
  const { answer, door } = outcome;
  const what = `${door.name}: ${answer.status} ${answer.text.slice(0, 200)}`;
  const record = recordOf(outcome);
  const fate = leaves[mode];
  const isHead = method === 'HEAD';
  if (fate === 'withheld') {
    assert.equal(answer.status, 502, what);
    assert.equal(isHead ? 'answer_invalid' : codeOf(answer), 'answer_invalid', what);
    assert.equal(record['decision'], 'failed', what);
    assert.equal(record['code'], 'answer_invalid', what);
    const hasEffect = answer.text.includes('"mayHaveTakenEffect":true');
    assert.equal(hasEffect, method === 'POST', what);
  } else {
    const text = fate === 'as it came' ? said.body : fate.cut;
    assert.equal(answer.status, said.status ?? 200, what);
    assert.equal(answer.text, isHead ? '' : text, what);
    assert.equal(record['decision'], 'forwarded', what);
    assert.deepEqual({ ...answer.trailers }, { ...said.trailers }, what);
  }
  const findings = record['answer'] as Record<string, unknown> | null;
  if (found === null) assert.equal(findings, null, what);
  else assert.ok(found in (findings ?? {}), `${what} ${JSON.stringify(findings)}`);
}

test('forward-auth gives its permission without the answer, and asks no service for one', async () => {
  const before = service.seen.length;
  for (const door of doors.filter(({ host }) => host === 'forward-auth')) {
    for (const mode of MODES) {
      const call = { stage: 'release', target: `/${mode}`, expected: 'allowed' } as const;
      const { answer } = await askAt(door, { ...call, phase: null });
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
    }
  }
  assert.equal(service.seen.length, before);
});

test('every call leaves one record, whatever host it came by', () => {
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  for (const { host } of doors) assert.ok(all.some((record) => record['host'] === host));
});

test('every stage has cases, and every host carries some', () => {
  const stages = new Set(Object.values(CALLS).map(({ stage }) => stage));
  assert.deepEqual(
    STAGES.filter((stage) => !stages.has(stage)),
    ['release'],
  );
  assert.deepEqual(
    [...stages].filter((stage) => !STAGES.includes(stage as never)),
    [],
  );
  const hosts = new Set(doors.map(({ host }) => host));
  assert.deepEqual([...hosts].toSorted(), [...HOSTS].toSorted());
});
