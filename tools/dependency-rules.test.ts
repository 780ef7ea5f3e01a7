import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface Side {
  readonly path?: string;
  readonly pathNot?: string;
}

interface Rule {
  readonly name: string;
  readonly from: Side;
  readonly to: Side & { readonly circular?: boolean };
}

const file = join(import.meta.dirname, '../.dependency-cruiser.json');
const { forbidden } = JSON.parse(readFileSync(file, 'utf8')) as { forbidden: Rule[] };

/** The rules that an import breaks; cycles apart. What a group of `from` matched stands for $1. */
function broken(from: string, to: string): string[] {
  const at = (path: string) => `packages/server/src/${path}`;
  return forbidden
    .filter((rule) => rule.to.circular !== true && breaks(rule, at(from), at(to)))
    .map(({ name }) => name);
}

function breaks({ from, to }: Rule, source: string, target: string): boolean {
  const found = new RegExp(from.path ?? '').exec(source);
  if (found === null || isIn(from.pathNot, source)) return false;
  const filled = (pattern: string) => pattern.replaceAll('$1', found[1] ?? '');
  const isNot = to.pathNot !== undefined && isIn(filled(to.pathNot), target);
  return isIn(filled(to.path ?? ''), target) && !isNot;
}

const isIn = (pattern: string | undefined, path: string) =>
  pattern !== undefined && new RegExp(pattern).test(path);

test('a domain whose name begins like a root or the ground is a domain, and is held to their rules', () => {
  for (const name of ['clients', 'controls', 'gateways', 'platforms', 'messages2', 'mainland']) {
    assert.deepEqual(broken(`${name}/index.ts`, 'control/control.ts'), ['domains-know-no-root']);
    assert.deepEqual(broken(`state/index.ts`, `${name}/a-store.ts`), [
      'domains-meet-at-their-index',
    ]);
    assert.deepEqual(broken('gateway/call.ts', `${name}/index.ts`), ['calls-touch-no-store']);
  }
  assert.deepEqual(broken('state/index.ts', 'clients/index.ts'), []);
});

test('a command comes into a root by its index, and by no other file of it', () => {
  for (const [to, rules] of [
    ['control/compile/index.ts', []],
    ['control/index.ts', []],
    ['control/protection/weakening.ts', []],
    ['supervisor/gateway-supervisor.ts', []],
    ['control/control.ts', ['commands-come-in-by-the-index']],
    ['control/compile/source-reader.ts', ['commands-come-in-by-the-index']],
    ['supervisor/supervisor.ts', ['commands-come-in-by-the-index']],
    ['gateway/gateway.ts', ['commands-come-in-by-the-index']],
  ] as const) {
    assert.deepEqual(broken('cli/check.ts', to), rules, to);
    assert.deepEqual(broken('main.ts', to), rules, to);
  }
});

test('what the rules allow is what the house does', () => {
  for (const [from, to] of [
    ['gateway/gateway.ts', 'messages/notices.ts'],
    ['control/control.ts', 'security-log/index.ts'],
    ['messages/notices.ts', 'platform/notices/index.ts'],
    ['cli/serve.ts', 'supervisor/index.ts'],
  ] as const) {
    assert.deepEqual(broken(from, to), [], `${from} → ${to}`);
  }
  assert.deepEqual(broken('platform/notices/kinds.ts', 'messages/notices.ts'), [
    'the-ground-knows-no-domain',
  ]);
});
