import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import type { RuntimeFault } from '@poorter/openapi';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { UsageError } from './definition/usage-error.ts';

/** What a start is held to, as far as the supervisor must know it. */
export interface ServePlan {
  readonly dataDirectory: string;
  /** What a database elsewhere holds is opened by the master key here. */
  readonly holdsAll: boolean;
  readonly threads: number | undefined;
  readonly drainMs: number;
  /** Of this runtime: they are read around. */
  readonly faults: readonly Pick<RuntimeFault, 'what' | 'reference' | 'mendedIn'>[];
}

/** Errors do not travel between processes as they are. */
export type PlanAnswer =
  | { readonly plan: ServePlan }
  | { readonly isUsage: boolean; readonly words: string };

/** Why there is no start, in the words that are told. */
export class NotPlannedError extends Error {}

const PROCESS = join(import.meta.dirname, `plan-process${extname(import.meta.filename)}`);

/**
 * The supervisor lives as long as the gate and needs nothing of what reading its configuration takes. Another
 * process reads it and ends: what a thread has loaded would not all be given back.
 */
export async function planServe(source: ConfigurationSource): Promise<ServePlan> {
  const child = fork(PROCESS, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answer = await new Promise<PlanAnswer>((settle, reject) => {
    child.once('message', (message) => settle(message as PlanAnswer));
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      reject(new Error(`reading the configuration ended with ${signal ?? status}`));
    });
    child.send(source, (error) => error && reject(error));
  });
  if ('plan' in answer) return answer.plan;
  throw answer.isUsage ? new UsageError(answer.words) : new NotPlannedError(answer.words);
}
