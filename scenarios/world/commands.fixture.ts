import { randomBytes } from 'node:crypto';
import { commands } from '../../packages/server/src/cli/commands.ts';
import { runCommand } from '../../packages/server/src/cli/definition/run-command.ts';
import { unsteeringStream } from '../../packages/server/src/cli/terminal.ts';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/**
 * `poorter …` as `main.ts` runs it, in this process: a test that asks a server fifty things starts no fifty
 * programs. That it runs as a program of its own as well is tried in help-and-heads.test.ts.
 */
export async function poorterHere(
  argv: readonly string[],
  given: { readonly input?: string; readonly environment?: Record<string, string> } = {},
): Promise<Ran> {
  const said = { out: '', err: '' };
  const world = {
    stdin: inputOf(given.input ?? ''),
    environment: { ...process.env, ...given.environment },
    stdout: unsteeringStream({ write: (text) => (said.out += text) }),
    stderr: unsteeringStream({ write: (text) => (said.err += text) }),
    now: Date.now,
    random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
  };
  const status = await runCommand(argv, world, commands);
  return { status, ...said };
}

async function* inputOf(text: string): AsyncGenerator<string> {
  if (text !== '') yield text;
}
