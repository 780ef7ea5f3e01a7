import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsSchema } from '@poorter/engine/configuration';
import { defineVerb, type Given, type OptionForms } from '../../definition/define-command.ts';
import { readArguments } from '../../definition/read-arguments.ts';
import { UsageError } from '../../definition/usage-error.ts';
import type { CommandWorld } from '../../definition/world.ts';
import { CHANGED_LIMITS, changedLimitsOf, LIMIT_OPTIONS, limitsOf } from './limit-options.ts';

const world: CommandWorld = {
  stdin: (async function* () {})(),
  stdout: { write: () => true },
  stderr: { write: () => true },
  environment: {},
  now: () => 0,
  random: (bytes) => new Uint8Array(bytes),
};

/** As they come from the command line. */
async function typed(options: Readonly<Record<string, string>>): Promise<object> {
  return given(LIMIT_OPTIONS, limitsOf, options);
}

async function given<const Options extends OptionForms>(
  options: Options,
  read: (given: Given<Options>) => object,
  words: Readonly<Record<string, string>>,
): Promise<object> {
  let limits: object = {};
  const verb = defineVerb({
    purpose: 'limits',
    options,
    async run(values) {
      limits = read(values as Given<Options>);
      return 0;
    },
  });
  const argv = Object.entries(words).map(([name, text]) => `--${name}=${text}`);
  await verb.run(readArguments(verb, argv, { environment: {}, now: 0 }), world);
  return limits;
}

test('the limits of a key can be said without JSON, and mean what the JSON means', async () => {
  assert.deepEqual(await typed({}), {});
  const limits = {
    limit: [
      { requests: 10, per: 'second' },
      { requests: 300, per: 'minute' },
    ],
    quota: [{ requests: 1000, per: 'day' }],
    concurrency: { calls: 5 },
  };
  const rate = '10/second, 300/minute';
  assert.deepEqual(await typed({ rate, quota: '1000/day', concurrency: '5' }), { limits });
  assert.ok(limitsSchema.safeParse(limits).success);
  assert.deepEqual(await typed({ limits: '{"concurrency":{"calls":2}}' }), {
    limits: { concurrency: { calls: 2 } },
  });
});

test('a limit that is mistyped makes no key without a limit', async () => {
  for (const wrong of [
    { rate: '60' },
    { rate: '60/minutes' },
    { rate: '0/minute' },
    { rate: '-1/minute' },
    { rate: '60/month' },
    { rate: '60/minute,' },
    { rate: '' },
    { quota: '1000/hour' },
    { quota: '1e3/day' },
    { concurrency: '0' },
    { concurrency: 'many' },
    { concurrency: '' },
    { limits: '60/minute' },
    { limits: '60' },
    { limits: 'null' },
    { limits: '[]' },
    { limits: '{"rate":{"requests":60,"per":"minute"}}' },
    { limits: '{"limit":null}' },
    { limits: '{}', rate: '60/minute' },
  ]) {
    await assert.rejects(typed(wrong), UsageError, JSON.stringify(wrong));
  }
});

test('limits of a key are changed as they are given, and taken away by a word', async () => {
  const changed = (words: Readonly<Record<string, string>>) =>
    given(CHANGED_LIMITS, changedLimitsOf, words);
  assert.deepEqual(await changed({}), {});
  assert.deepEqual(await changed({ limits: 'none' }), { limits: null });
  assert.deepEqual(await changed({ rate: '5/minute' }), {
    limits: { limit: [{ requests: 5, per: 'minute' }] },
  });
  await assert.rejects(changed({ limits: 'nothing' }), UsageError);
  await assert.rejects(changed({ limits: 'none', rate: '5/minute' }), UsageError);
});
