import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Configuration } from '../configuration/schema.ts';
import type { FromControl } from '../messages/between-processes.ts';
import { packRights } from './compile/packed-rights.ts';
import {
  Enforcement,
  type EnforcementPorts,
  type JudgedConfiguration,
  type Standing,
} from './enforcement.ts';
import type { OpenControl } from './open-control.ts';
import type { AppliedChange, Change } from './protection/change.ts';
import { Serving } from './serving.ts';

/** What a configuration does on its way into force, with everything around it that can fail. */
function stage(t: TestContext) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'poorter-enforcement-'));
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const steps: string[] = [];
  const sent: FromControl[] = [];
  const fails = { at: Number.POSITIVE_INFINITY };
  const step =
    <T>(name: string, answer?: T) =>
    async (): Promise<T> => {
      if (steps.push(name) === fails.at) throw new Error(`${name} failed`);
      return answer as T;
    };
  const open = {
    gateways: {
      live: { publish: step('blocks are published') },
      remotes: {
        begin: () => undefined,
        apply: step('other machines are met'),
        snapshot: () => steps.push('other machines are served'),
      },
    },
    commit: step('the weakening is recorded'),
    nameGateways: () => undefined,
    apply: step('stores are told'),
    operators: { reachedAt: { url: '' } },
  } as unknown as OpenControl;
  const serving = new Serving(true, {
    after: () => ({ cancel: () => undefined }) as never,
    monotonicMs: () => 0,
  });
  const ports = {
    ...{ dataDirectory, where: 'poorter.yaml', serving },
    readLink: async () => ({ linkCredentials: null, files: [] }),
    world: { now: () => 0 },
    changes: {
      before: null,
      apply: step('what is in force is written down', true),
      takeBack: step('what is in force is taken back'),
      admitsSameGateways: () => false,
    },
    issuers: {
      follow: step('issuers are followed'),
      keysFor: () => ({}),
      tellSince: () => undefined,
    },
    trial: { offer: step('a trial is offered', null) },
    send: (message: FromControl) => {
      sent.push(message);
      if (message.type === 'snapshot') steps.push('this machine is served');
    },
    onServed: () => undefined,
  } as unknown as EnforcementPorts;
  const served = () =>
    sent.flatMap((message) => (message.type === 'snapshot' ? [message.snapshot.gate.version] : []));
  return { enforcement: new Enforcement(ports), open, steps, served, fails, serving };
}

const CONFIGURATION = {} as Configuration;

function snapshot(version: number) {
  const gate = { version, issuers: [], issuerKeys: {}, staleAfterMs: 1_000, keys: [], revoked: [] };
  return { gate, listeners: [], identity: { key: {} }, identityKeySet: { keys: [] } };
}

const standing = (version: number) =>
  ({ snapshot: snapshot(version), configuration: CONFIGURATION }) as unknown as Standing;

const judged = (version: number) =>
  ({
    configuration: CONFIGURATION,
    compiled: {
      ...{ snapshot: snapshot(version), isTrial: false, linkCredentials: null, files: [] },
      rights: packRights(
        new Map([['list', { scopes: new Set([`v${version}`]), roles: new Set() }]]),
      ),
      judgement: { protection: { facts: { keyFile: null } } },
    },
  }) as unknown as JudgedConfiguration;

const WAITING: Change = { digest: 'd', at: '', files: [], weakenings: [], count: 1 };
const WEAKER: AppliedChange = { ...WAITING, approvedBy: null };

test('nobody is served by what is new before blocks are known and its weakening is recorded', async (t) => {
  const { enforcement, open, steps, served } = stage(t);
  assert.equal(await enforcement.putInForce(open, judged(7), WEAKER), true);
  assert.deepEqual(steps, [
    'issuers are followed',
    'blocks are published',
    'the weakening is recorded',
    'other machines are met',
    'stores are told',
    'a trial is offered',
    'what is in force is written down',
    'this machine is served',
    'other machines are served',
  ]);
  assert.deepEqual(served(), [7]);
  assert.deepEqual(enforcement.rights.get('list')?.scopes, new Set(['v7']));
});

test('whichever step fails, nobody is served by what is new, and what was in force still counts', async (t) => {
  let failing = 1;
  for (; ; failing++) {
    const { enforcement, open, steps, served, fails } = stage(t);
    await enforcement.putInForce(open, judged(1), WEAKER);
    const before = enforcement.standing;
    fails.at = steps.length + failing;
    const attempt = enforcement.putInForce(open, judged(2), WEAKER);
    const isWhole = await attempt.catch(() => false);
    if (isWhole) break;
    assert.deepEqual(served(), [1], steps.at(-1) ?? '');
    assert.equal(enforcement.standing, before);
    assert.deepEqual(enforcement.rights.get('list')?.scopes, new Set(['v1']));
  }
  assert.equal(failing, 8);
});

test('what another control put in force is served once, under a number that no gateway has met', async (t) => {
  const { enforcement, open, served, serving, steps } = stage(t);
  enforcement.inherit(standing(40));
  assert.deepEqual(served(), []);
  await enforcement.serveInherited(open);
  assert.deepEqual(served(), [1]);
  assert.equal(serving.isConfigurationBroken, true);
  assert.ok(steps.indexOf('blocks are published') < steps.indexOf('this machine is served'));
  await enforcement.serveInherited(open);
  assert.deepEqual(served(), [1]);
});

test('what could not be served is taken back, and what was served before stands', async (t) => {
  const { enforcement, open, steps } = stage(t);
  await enforcement.putInForce(open, judged(1), WEAKER);
  const first = enforcement.standing;
  await enforcement.putInForce(open, judged(2), WEAKER);
  assert.notEqual(enforcement.standing, first);
  enforcement.takeBack();
  assert.equal(enforcement.standing, first);
  assert.equal(steps.at(-1), 'what is in force is taken back');
});

test('what waits is recorded and served to nobody; what was inherited is served meanwhile', async (t) => {
  const { enforcement, open, served, steps } = stage(t);
  const held = { kind: 'hold', change: WAITING, isNews: true } as const;
  await enforcement.hold(open, judged(5), held);
  assert.deepEqual([served(), steps], [[], ['the weakening is recorded']]);
  enforcement.inherit(standing(4));
  await enforcement.hold(open, judged(6), { ...held, isNews: false });
  assert.deepEqual(served(), [6]);
  assert.deepEqual(steps.slice(1), [
    'other machines are met',
    'issuers are followed',
    'this machine is served',
    'other machines are served',
  ]);
});
