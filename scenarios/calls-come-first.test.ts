import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { call, eventually } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

/** How much each thread of a process leaves to others: 0 as all do, more: behind them (proc_pid_stat(5), field 19). */
function niceness(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const file = `/proc/${pid}/task/${thread}/stat`;
    try {
      const text = readFileSync(file, 'utf8');
      return [Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])];
    } catch (error) {
      // It has ended meanwhile.
      if (existsSync(file)) throw error;
      return [];
    }
  });
}

test('control leaves the processor to calls once there are any; a start on a busy machine waits for nobody', async (t) => {
  const service = await startService(t);
  const setup = { description: things, upstream: service.url };
  const alone = await startPoorter(t, { ...setup, role: 'control' });
  const before = () => niceness(alone.children().control);
  await eventually('recording is behind in any case', () => before().includes(10));
  assert.ok(before().includes(0), 'nobody calls here: what compiles is as good as all others');

  const poorter = await startPoorter(t, setup);
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  const { control, gateway } = poorter.children();
  await eventually('all of control is behind', () => niceness(control).every((one) => one === 10));
  assert.ok(niceness(gateway).every((one) => one === 0));
  // One that takes the place of another is behind from the beginning: calls go on.
  process.kill(control, 'SIGKILL');
  await eventually('another control', () => {
    try {
      return poorter.children().control !== control;
    } catch {
      return false;
    }
  });
  const { control: next } = poorter.children();
  await eventually('it is behind as well', () => niceness(next).every((one) => one === 10));
});
