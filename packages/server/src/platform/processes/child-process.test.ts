import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '../world/index.ts';
import { startChild, WatchedChild } from './child-process.ts';

/** A test that waits for ever holds up all that come after it. */
const PATIENCE_MS = 60_000;

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

test('a child that stood before it was watched is watched, and started again when it dies, also before that', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const module = join(folder, 'child.mjs');
  writeFileSync(
    module,
    // Signs of life are asked for as well, once a second: they are not answered, and not counted.
    `process.on('message', ({ type }) => {
      if (type === 'end') process.exit(3);
      if (type === 'who') process.send({ type, pid: process.pid });
    });`,
  );
  const program = { module, argv: [], env: process.env };
  const watch = (first: ChildProcess) => {
    const heard: { type: string; pid: number }[] = [];
    const watched = new WatchedChild({
      ...{ ...program, first, stallMs: 60_000, world: realWorld, launch: startChild },
      onMessage: (message) => heard.push(message as { type: string; pid: number }),
      onStart: () => watched.send({ type: 'who' }),
      onExit: () => undefined,
    });
    t.after(() => watched.stop({ type: 'end' }, 5_000));
    return { watched, heard };
  };
  const until = async (condition: () => boolean) => {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition()) {
      assert.ok(Date.now() < deadline, 'not within the time');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const standing = startChild(program);
  const { watched, heard } = watch(standing);
  watched.start();
  await until(() => heard.length >= 1);
  assert.equal(heard[0]?.pid, standing.pid);
  watched.send({ type: 'end' });
  await until(() => heard.length >= 2);
  assert.notEqual(heard[1]?.pid, standing.pid);

  const dead = startChild(program);
  dead.kill('SIGKILL');
  await once(dead, 'exit');
  const other = watch(dead);
  other.watched.start();
  await until(() => other.heard.length >= 1);
  assert.notEqual(other.heard[0]?.pid, dead.pid);
});
