import type {
  ConfigurationSource,
  PlanAnswer,
  ToSeatlessControl,
} from '../messages/between-processes.ts';
import {
  type Child,
  type ChildProgram,
  type Launch,
  SMALL_NURSERY,
} from '../platform/processes/index.ts';
import { startedFile } from '../platform/program/index.ts';
import { ALLOCATOR } from './gateway-environment.ts';

const CONTROL = startedFile('control/control-process');

export const controlProgram = (
  source: ConfigurationSource,
  environment: NodeJS.ProcessEnv,
): ChildProgram => ({
  module: CONTROL,
  // For whoever looks at processes: what counts is sent to it.
  argv: [source.file ?? 'arguments'],
  env: { ...ALLOCATOR, ...environment },
  execArgv: [SMALL_NURSERY],
});

export interface SeatlessControl {
  readonly child: Child;
  readonly answer: PlanAnswer;
}

/**
 * Control reads its configuration first, and says what the supervisor must know of it, which lives as long as
 * the gate and keeps nothing of what reading takes. Then it waits for its seat.
 */
export async function startControl(
  source: ConfigurationSource,
  { launch, environment }: { readonly launch: Launch; readonly environment: NodeJS.ProcessEnv },
): Promise<SeatlessControl> {
  const child = launch(controlProgram(source, environment));
  const answer = await new Promise<PlanAnswer>((settle, reject) => {
    const ended = (status: number | null, signal: string | null) =>
      reject(new Error(`control ended with ${signal ?? status} while it read the configuration`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      settle(message as PlanAnswer);
    });
    child.send({ type: 'plan', source } satisfies ToSeatlessControl, () => undefined);
  });
  // It ends with its channel.
  if (!('plan' in answer)) child.disconnect();
  return { child, answer };
}
