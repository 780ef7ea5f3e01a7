import type { CommandWorld } from './world.ts';

/** A world that keeps what a command says. */
export function recordingWorld(
  given: Partial<CommandWorld> = {},
): CommandWorld & { readonly told: { out: string; err: string } } {
  const told = { out: '', err: '' };
  return {
    stdin: (async function* () {})(),
    stdout: { write: (text) => (told.out += text) },
    stderr: { write: (text) => (told.err += text) },
    environment: {},
    now: () => 0,
    random: (bytes) => new Uint8Array(bytes),
    ...given,
    told,
  };
}
