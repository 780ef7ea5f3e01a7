import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

test('a supervisor that dies between a ping and its answer does not take the gateway with it', async () => {
  const module = join(import.meta.dirname, 'child-process.ts');
  const script = `
    import { serveParent } from ${JSON.stringify(module)};
    serveParent(() => {}, () => setTimeout(() => process.exit(0), 50));
    process.send('ready');
    // The supervisor dies while this child is busy.
    process.once('message', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300));
  `;
  // A supervisor of its own, which can be killed as a whole.
  const supervisor = spawn(
    process.execPath,
    [
      '-e',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ${JSON.stringify(['--input-type=module', '-e', script])},
         { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
       child.once('message', () => {
         for (let turn = 0; turn < 10; turn++) child.send({ type: 'ping' });
         setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
       });`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  supervisor.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  // Standard error is shared: it ends when both have ended.
  await once(supervisor, 'close');
  assert.equal(said, '');
});
