import { UsageError } from './usage-error.ts';
import type { CommandWorld } from './world.ts';

/** Standard input as one text, at most `charsMax` long. */
export async function readInput({ stdin }: CommandWorld, charsMax: number): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (text.length > charsMax) throw new UsageError(`standard input is longer than ${charsMax}`);
  }
  return text;
}
