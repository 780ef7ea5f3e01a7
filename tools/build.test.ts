import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);

/** A program of somebody else: plain JavaScript that knows nothing of our source. */
const PROGRAM = `
import { createServer } from 'node:http';
import { protectBy } from '@poorter/middleware';
const guarded = protectBy({ description: ${JSON.stringify(join(root, 'examples/middleware/notes.openapi.yaml'))} });
const server = createServer((native, response) => void guarded(native, response, ({ end }) => end()));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const answer = await fetch('http://127.0.0.1:' + server.address().port + '/notes', { method: 'POST' });
console.log(answer.status, (await answer.json()).code);
server.close();
`;

test('what is built works in a program that runs without our source', () => {
  const built = spawnSync(process.execPath, [join(root, 'tools/build.ts')], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  const cwd = join(root, 'packages/middleware');
  // Not the options of this process: they lead to the source.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    ...{ cwd, env, encoding: 'utf8' },
  });
  assert.equal(run.stdout.trim(), '401 credentials_required', run.stderr);
});
