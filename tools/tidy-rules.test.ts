import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Exceptions, tidyFaults } from './tidy-rules.ts';

const NONE: Exceptions = { lines: {}, clocks: [] };
const SOURCE = 'packages/server/src/trusted-issuers/key-store.ts';
const faultsIn = (files: Readonly<Record<string, string>>, exceptions = NONE) =>
  tidyFaults(new Map(Object.entries(files)), exceptions);
const lines = (count: number) => 'x\n'.repeat(count);

test('a source that grows beyond its length does not pass, and a list of long ones only shrinks', () => {
  assert.deepEqual(faultsIn({ [SOURCE]: lines(400) }), []);
  assert.match(faultsIn({ [SOURCE]: lines(401) })[0] ?? '', /401 lines, and it may have 400/);
  const listed = { lines: { [SOURCE]: 450 }, clocks: [] };
  assert.deepEqual(faultsIn({ [SOURCE]: lines(450) }, listed), []);
  assert.match(faultsIn({ [SOURCE]: lines(451) }, listed)[0] ?? '', /may have 450/);
  assert.match(faultsIn({ [SOURCE]: lines(449) }, listed)[0] ?? '', /write 449/);
  assert.match(faultsIn({ [SOURCE]: lines(399) }, listed)[0] ?? '', /take it out/);
  assert.match(faultsIn({}, listed)[0] ?? '', /is not there/);
  assert.deepEqual(faultsIn({ 'packages/server/src/long.test.ts': lines(900) }), []);
});

test('a domain that asks the machine for the time does not pass; whoever runs as a process may', () => {
  for (const clock of ['Date.now()', 'performance.now()', 'Math.random()']) {
    assert.match(faultsIn({ [SOURCE]: `const at = ${clock};\n` })[0] ?? '', /to be given them/);
    assert.deepEqual(faultsIn({ 'packages/server/src/gateway/call.ts': clock }), []);
    // Control is given its world; its roots make one.
    const thread = 'packages/server/src/control/threads/recorder-thread.ts';
    assert.deepEqual(faultsIn({ [thread]: clock }), []);
    const within = faultsIn({ 'packages/server/src/control/compile/read-endpoints.ts': clock });
    assert.match(within[0] ?? '', /to be given them/);
    assert.deepEqual(faultsIn({ [SOURCE]: `// ${clock}\n/** ${clock} */\n` }), []);
  }
  const listed = { lines: {}, clocks: [SOURCE] };
  assert.deepEqual(faultsIn({ [SOURCE]: 'Date.now()' }, listed), []);
  assert.match(faultsIn({ [SOURCE]: 'x' }, listed)[0] ?? '', /take it out/);
});

test('a page names files that are there', () => {
  const page = 'docs/decisions/0001-x.md';
  const files = { [SOURCE]: '', 'docs/guides/keys.md': '', [page]: '' };
  const written = (text: string) => faultsIn({ ...files, [page]: text });
  for (const text of [
    '`key-store.ts`',
    '`trusted-issuers/key-store.ts`',
    '[keys](../guides/keys.md#more)',
    '[all](../guides)',
    '[web](https://example.test/x)',
    '`x-store.ts`',
  ]) {
    assert.deepEqual(written(text), [], text);
  }
  for (const text of ['`no-store.ts`', '`blocks/key-store.ts`', '[keys](keys.md)']) {
    assert.match(written(text)[0] ?? '', /no such file/, text);
  }
});

test('a page names tests that are there, each under its own name', () => {
  const page = 'docs/reference/x.md';
  const files = {
    'scenarios/one.test.ts': "test('a thing is refused', async () => {});\n",
    'packages/server/src/a/two.test.ts': "  test(\n    'it’s kept',\n    () => {},\n  );\n",
    'packages/server/src/b/two.test.ts': '',
  };
  const written = (shown: string) => faultsIn({ ...files, [page]: `| x | ${shown} |\n` });
  for (const shown of [
    '`one.test.ts` › a thing is refused',
    '`one.test.ts` › a thing is refused<br>`a/two.test.ts` › it’s kept',
  ]) {
    assert.deepEqual(written(shown), [], shown);
  }
  for (const [shown, why] of [
    ['`one.test.ts` › a thing', /is not there: a thing$/],
    ['`one.test.ts` › a thing is refused, always', /is not there/],
    ['`one.test.ts` › a thing is refused<br>`a/two.test.ts` › gone', /is not there: gone$/],
    ['`two.test.ts` › it’s kept', /are several/],
    ['`three.test.ts` › it’s kept', /is no such file/],
  ] as const) {
    assert.match(written(shown)[0] ?? '', why, shown);
  }
});

test('a requirement of a specification has its test, or says that it has none, and names files that are there', () => {
  const page = 'docs/reference/specifications.md';
  const files = { 'a/lib/one.js': '', 'scenarios/one.test.ts': "test('a thing is refused', f);" };
  const written = (kept: string, shown: string) => {
    const table = `| § | asked | kept in | shown by |\n|---|---|---|---|\n| 1 | x | ${kept} | ${shown} |\n`;
    return faultsIn({ ...files, [page]: `${table}\n| 1 | another table |\n` });
  };
  for (const shown of [
    '`one.test.ts` › a thing is refused',
    '**no test**',
    '**no test** for the rest',
    '**not kept**: because',
    '`one.test.ts` › a thing is refused<br>**no test** of the other',
  ]) {
    assert.deepEqual(written('library `lib/one.js`', shown), [], shown);
  }
  for (const shown of ['', 'later', '`one.test.ts`', '**no test**<br>later']) {
    assert.match(written('x', shown).join('\n'), /neither a test/, shown);
  }
  assert.match(written('`lib/two.js`', '**no test**')[0] ?? '', /names lib\/two\.js/);
});

test('a policy that cannot be copied whole does not pass', () => {
  const folder = 'packages/engine/src/policies/permit';
  const whole = {
    [`${folder}/index.ts`]: '',
    [`${folder}/permit.md`]: '',
    [`${folder}/owner.test.ts`]: '',
    'docs/ARCHITECTURE.md': '| `policies/permit` | may this caller touch this object |',
  };
  assert.deepEqual(faultsIn(whole), []);
  for (const path of Object.keys(whole)) {
    const rest = Object.entries(whole).filter(([name]) => name !== path);
    assert.equal(faultsIn(Object.fromEntries(rest)).length, 1, path);
  }
});

test('a page beside the code links to files that are there', () => {
  const page = 'packages/engine/src/policies/admit/admit.md';
  const whole = { 'docs/ARCHITECTURE.md': '`policies/admit`', 'docs/a.md': '' };
  const beside = {
    [page.replace('admit.md', 'index.ts')]: '',
    [page.replace('admit.md', 'a.test.ts')]: '',
  };
  const linking = (to: string) => faultsIn({ ...whole, ...beside, [page]: `[a](${to})` });
  assert.deepEqual(linking('../../../../../docs/a.md#b'), []);
  assert.match(linking('../../docs/a.md')[0] ?? '', /no such file/);
});

test('what is published needs one Node, and says so everywhere', () => {
  const needing = (node?: string) => JSON.stringify({ engines: { ...(node && { node }) } });
  const lockOf = (node: string) =>
    JSON.stringify({
      packages: {
        'packages/server': { engines: { node } },
        'node_modules/x': { engines: { node: '>=4' } },
      },
    });
  const whole = {
    'package.json': needing('>=20'),
    'package-lock.json': lockOf('>=26.12.1'),
    'packages/openapi/package.json': needing('>=26.12.1'),
    'packages/server/package.json': needing('>=26.12.1'),
    'packages/server/bin/poorter.mjs': "const RECOMMENDED = '26.12.1';\n",
    'packages/openapi/src/required-runtime.ts': "const RECOMMENDED = '26.12.1';\n",
    'SECURITY.md': 'Poorter runs on Node 26.12.1 or newer; it was Node 20 or later.',
    'CHANGELOG.md': 'It needs Node 24.1.0 or newer.',
  };
  assert.deepEqual(faultsIn(whole), []);
  for (const [path, text] of [
    ['package-lock.json', lockOf('>=26')],
    ['packages/server/package.json', needing('>=26')],
    ['packages/server/package.json', needing()],
    ['packages/openapi/package.json', needing('>=26')],
    ['packages/server/bin/poorter.mjs', "const RECOMMENDED = '26.13.0';\n"],
    ['packages/openapi/src/required-runtime.ts', "const RECOMMENDED = '26.10.0';\n"],
    ['SECURITY.md', 'Poorter runs on Node 26 or newer.'],
    ['docs/guides/running.md', 'It needs Node 26.13.0 or newer.'],
  ] as const) {
    assert.equal(faultsIn({ ...whole, [path]: text }).length, 1, path);
  }
});

test('a domain folder without its page, its routes or a test does not pass, also a new one', () => {
  const folder = 'packages/server/src/access/consents';
  const whole: Readonly<Record<string, string>> = {
    [`${folder}/index.ts`]: '',
    [`${folder}/consent-store.ts`]: '',
    [`${folder}/consent-routes.ts`]: '',
    [`${folder}/consents.md`]: '# consents',
    [`${folder}/consent-store.test.ts`]: '',
    'docs/ARCHITECTURE.md': `[consents](../${folder}/consents.md)`,
  };
  assert.deepEqual(faultsIn(whole), []);
  for (const [file, said] of [
    ['index.ts', /has not index\.ts/],
    ['consent-store.ts', /has not a store/],
    ['consent-routes.ts', /has not routes/],
    ['consent-store.test.ts', /has not a test/],
  ] as const) {
    const { [`${folder}/${file}`]: _, ...rest } = whole;
    assert.match(faultsIn(rest)[0] ?? '', said);
  }
  const { [`${folder}/consents.md`]: _, ...unexplained } = whole;
  assert.ok(faultsIn(unexplained).some((fault) => /has not its page/.test(fault)));
  const hidden = faultsIn({ ...whole, 'docs/ARCHITECTURE.md': '' });
  assert.match(hidden[0] ?? '', /is not linked/);
  assert.match(
    faultsIn({ ...whole, [`${folder}/consents.md`]: '`no-such-file.ts`' })[0] ?? '',
    /no such file/,
  );
});

test('a merge that nobody decided does not pass, in whatever file', () => {
  for (const path of ['docs/a.md', 'package.json', SOURCE]) {
    for (const marker of ['<'.repeat(7), '>'.repeat(7), '|'.repeat(7)]) {
      const left = faultsIn({ [path]: `a\n${marker} HEAD\nb\n` });
      assert.match(left[0] ?? '', /both stand there/, path);
    }
  }
  assert.deepEqual(faultsIn({ 'docs/a.md': 'A\n=======\n<<<<<<<\n' }), []);
});
