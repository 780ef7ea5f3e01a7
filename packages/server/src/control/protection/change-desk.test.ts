import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Configuration } from '../../configuration/schema.ts';
import { ChangeDesk, type Verdict } from './change-desk.ts';
import { type Candidate, judgeChange } from './judge-change.ts';
import { PROTECTION_FORM, type Protection } from './protection.ts';

function protection(more: Partial<Protection> = {}): Protection {
  return {
    ...{ form: PROTECTION_FORM, reload: 'ask', apis: [], ceilings: { 'bounds.jsonDepth': 64 } },
    ...{ floors: {}, network: { allow: [], deny: [] }, proxies: [], issuers: [], revoked: [] },
    ...{ keyFile: '/keys.yaml', listeners: [], peers: {}, gateways: [], forwardAuth: [] },
    control: { address: '127.0.0.1:9090', isLoopback: true, minVersion: null },
    ...{
      countersShared: false,
      countersAt: null,
      allowsEncodedSlash: false,
      clearTextRecords: null,
    },
    ...more,
  };
}

const deeper = (depth: number, more: Partial<Protection> = {}) =>
  candidate(`depth ${depth}`, { ceilings: { 'bounds.jsonDepth': depth }, ...more });

function candidate(text: string, more: Partial<Protection> = {}): Candidate {
  const contents = new Map([['/etc/api.yaml', text]]);
  return { configuration: {} as Configuration, contents, protection: protection(more) };
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'poorter-desk-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const KEY = Buffer.alloc(32, 1);

function open(dataDirectory: string, world = { now: 1_000_000 }): ChangeDesk {
  const notify = ({ message }: { message: string }) => assert.fail(message);
  return new ChangeDesk({ ...{ dataDirectory, now: () => world.now, notify } });
}

function judge(desk: ChangeDesk, one: Candidate): Verdict {
  return desk.decide(judgeChange(desk.standard, KEY, one), desk.approval);
}

async function accept(desk: ChangeDesk, one: Candidate): Promise<void> {
  const { standard } = desk;
  const judgement = judgeChange(standard, KEY, one);
  const verdict = desk.decide(judgement, desk.approval);
  assert.equal(verdict.kind, 'apply');
  if (verdict.kind === 'apply') assert.ok(await desk.apply(standard, judgement, verdict.change));
}

test('what was approved by its digest goes in force, and nothing that only looks like it', async (t) => {
  const desk = open(folder(t));
  await accept(desk, candidate('first'));
  const held = judge(desk, deeper(100));
  assert.equal(held.kind, 'hold');
  desk.approve(held.change.digest, 'operator_1');
  // The same weakening from other bytes.
  const other = { ...deeper(100), contents: new Map([['/etc/api.yaml', 'other bytes']]) };
  assert.equal(judge(desk, other).kind, 'hold');
  const approved = judge(desk, deeper(100));
  assert.equal(approved.kind === 'apply' && approved.change.approvedBy, 'operator_1');
  desk.withdrawApproval();
  assert.equal(judge(desk, deeper(100)).kind, 'hold');
});

test('an approval counts for files that are read after it: what was read before, and changed since, is not put in force', async (t) => {
  const desk = open(folder(t));
  await accept(desk, candidate('first'));
  const held = judge(desk, deeper(100));
  const before = desk.approval;
  desk.approve(held.change.digest, 'operator_1');
  const judgement = judgeChange(desk.standard, KEY, deeper(100));
  assert.equal(desk.decide(judgement, before).kind, 'hold');
  const during = desk.approval;
  desk.withdrawApproval();
  assert.equal(desk.decide(judgement, during).kind, 'hold', 'one that was withdrawn meanwhile');
  desk.approve(held.change.digest, 'operator_1');
  assert.equal(desk.decide(judgement, during).kind, 'hold', 'one of another act');
  assert.equal(desk.decide(judgement, desk.approval).kind, 'apply');
});

test('another program on the same data directory judges by what was in force before it', async (t) => {
  const directory = folder(t);
  await accept(open(directory), candidate('first'));
  const again = open(directory);
  assert.equal(judge(again, deeper(100)).kind, 'hold');
  assert.equal(judge(again, deeper(10)).kind, 'apply');
  const { mode } = statSync(join(directory, 'configuration-in-force.json'));
  assert.equal(mode & 0o777, 0o600);
});

test('a record in an unknown form, or none that can be read, admits nothing unasked', async (t) => {
  const directory = folder(t);
  await accept(open(directory), candidate('first'));
  const file = join(directory, 'configuration-in-force.json');
  const whole = readFileSync(file, 'utf8');
  const other = whole.replace(`"form":${PROTECTION_FORM}`, '"form":1');
  assert.notEqual(other, whole);
  for (const text of ['', '{', 'null', '{}', other]) {
    writeFileSync(file, text);
    const desk = open(directory);
    const verdict = judge(desk, candidate('first'));
    assert.equal(verdict.kind, 'hold', text.slice(0, 20));
    assert.equal(verdict.change.weakenings[0]?.kind, 'before-unknown');
  }
});

test('a directory that was served from and has no record any more admits nothing unasked', async (t) => {
  for (const trace of ['snapshot-version', 'state.sqlite']) {
    const directory = folder(t);
    const desk = open(directory);
    desk.begin();
    await accept(desk, candidate('first'));
    writeFileSync(join(directory, trace), '1');
    rmSync(join(directory, 'configuration-in-force.json'));
    const verdict = judge(open(directory), deeper(100));
    assert.equal(verdict.kind, 'hold', trace);
    assert.equal(verdict.change.weakenings[0]?.kind, 'before-unknown');
    const unasked = judge(open(directory), deeper(100, { reload: 'apply' }));
    assert.equal(unasked.kind === 'apply' && unasked.change.count, 1, 'told all the same');
  }
});

test('a first start that failed, one after that, and one after a restore have nothing to tell', async (t) => {
  const directory = folder(t);
  open(directory).begin();
  writeFileSync(join(directory, 'snapshot-version'), '1');
  const desk = open(directory);
  desk.begin();
  await accept(desk, candidate('first'));
  // Its listener could not open.
  await desk.takeBack();
  await accept(open(directory), candidate('second'));
  assert.equal(judge(open(directory), deeper(100)).kind, 'hold');

  const restored = folder(t);
  for (const name of ['state.sqlite', 'restored.json']) writeFileSync(join(restored, name), '');
  const after = open(restored);
  after.begin();
  // The mark is taken away when the log tells of the restore.
  rmSync(join(restored, 'restored.json'));
  await accept(open(restored), candidate('first'));
});

test('either side that asks is heard, and where nobody asks it is applied and told', async (t) => {
  for (const [before, next, kind] of [
    ['ask', 'ask', 'hold'],
    ['ask', 'apply', 'hold'],
    ['apply', 'ask', 'hold'],
    ['apply', 'apply', 'apply'],
  ] as const) {
    const desk = open(folder(t));
    await accept(desk, candidate('first', { reload: before }));
    assert.equal(judge(desk, deeper(100, { reload: next })).kind, kind, `${before} ${next}`);
  }
});

test('status asks for attention for a day where nobody was asked, and lists no more than it may', async (t) => {
  const world = { now: 1_000_000 };
  const desk = open(folder(t), world);
  const ceilings = (value: number) =>
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`bounds.${index}`, value]));
  await accept(desk, candidate('first', { reload: 'apply', ceilings: ceilings(1) }));
  assert.deepEqual(desk.attention, []);
  await accept(desk, candidate('second', { reload: 'apply', ceilings: ceilings(2) }));
  const { weakened } = desk.status;
  assert.equal(weakened?.count, 200);
  assert.equal(weakened?.weakenings.length, 50);
  assert.deepEqual(weakened?.files, ['/etc/api.yaml']);
  const raised = desk.metrics[0]?.values.find(({ labels }) => labels['kind'] === 'bound-raised');
  assert.equal(raised?.value, 200);
  assert.deepEqual(
    desk.attention.map(({ code }) => code),
    ['protection_weakened'],
  );
  world.now += 86_400_000;
  assert.deepEqual(desk.attention, []);
});

test('what could not be served counts as never in force: what takes its place is asked about again', async (t) => {
  const directory = folder(t);
  const desk = open(directory);
  await accept(desk, candidate('first'));
  const inForce = desk.digest;
  desk.approve(judge(desk, deeper(100)).change.digest, 'operator_1');
  await accept(desk, deeper(100));
  desk.withdrawApproval();
  await desk.takeBack();
  for (const one of [desk, open(directory)]) {
    assert.equal(one.digest, inForce);
    assert.equal(judge(one, deeper(100)).kind, 'hold');
  }
  const never = open(folder(t));
  await accept(never, candidate('first'));
  await never.takeBack();
  assert.equal(never.digest, null);
});

test('what was judged against something that is in force no more is judged again', async (t) => {
  const desk = open(folder(t));
  await accept(desk, candidate('first'));
  desk.approve(judge(desk, deeper(100)).change.digest, 'operator_1');
  await accept(desk, deeper(100));
  desk.withdrawApproval();
  const { standard } = desk;
  const reworded = { ...deeper(100), contents: new Map([['/etc/api.yaml', 'reworded']]) };
  const judgement = judgeChange(standard, KEY, reworded);
  const verdict = desk.decide(judgement, desk.approval);
  assert.ok(verdict.kind === 'apply', 'no weaker than what was approved');
  // Meanwhile a gateway says that it cannot serve what was approved.
  await desk.takeBack();
  assert.equal(await desk.apply(standard, judgement, verdict.change), false);
  assert.equal(judge(desk, reworded).kind, 'hold');
});

test('what is taken back while the next one is written down stays in force, also on disk', async (t) => {
  const directory = folder(t);
  const desk = open(directory);
  await accept(desk, candidate('first'));
  const { digest, standard: first } = desk;
  await accept(desk, candidate('second'));
  const { standard } = desk;
  const judgement = judgeChange(standard, KEY, candidate('third'));
  const verdict = desk.decide(judgement, desk.approval);
  assert.ok(verdict.kind === 'apply');
  const applying = desk.apply(standard, judgement, verdict.change);
  const taken = desk.takeBack();
  assert.equal(await applying, false);
  assert.equal(desk.standard, first);
  await taken;
  assert.equal(open(directory).digest, digest);
});
