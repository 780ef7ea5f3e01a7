import { argv } from 'node:process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

/**
 * Runs the program once for each line of arguments that stands in its input (JSON), in one process, and
 * tells what each wrote and its status: for command lines that only print.
 */
const main = pathToFileURL(argv[2] as string).href;
const lines = JSON.parse(await text(process.stdin)) as readonly string[][];
const { write: toOut } = process.stdout;
const results: { status: number; out: string; err: string }[] = [];
for (const [number, line] of lines.entries()) {
  const said = { out: '', err: '' };
  process.stdout.write = catcher(said, 'out');
  process.stderr.write = catcher(said, 'err');
  process.argv = [process.execPath, argv[2] as string, ...line];
  process.exitCode = undefined;
  // Another address is another run.
  await import(`${main}?${number}`);
  results.push({ status: Number(process.exitCode ?? 0), ...said });
}
process.exitCode = 0;
toOut.call(process.stdout, JSON.stringify(results));

function catcher(said: { out: string; err: string }, where: 'out' | 'err') {
  return ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    said[where] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
    done?.();
    return true;
  }) as typeof process.stdout.write;
}
