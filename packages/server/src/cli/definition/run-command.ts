import type { Command, Verb } from './define-command.ts';
import { fileFault } from './file-fault.ts';
import { commandHelp, overallHelp, usageLines, verbHelp } from './help.ts';
import { readArguments } from './read-arguments.ts';
import { didYouMean, shown, UsageError } from './usage-error.ts';
import type { CommandWorld } from './world.ts';

/** Every command by its name, loaded when it is asked for. */
export type CommandList = Readonly<Record<string, () => Promise<Command>>>;

/**
 * Runs what a command line names, and gives the exit status: 2 for one that is called wrongly, with help
 * for that; what a handler throws besides is told as what kept the command from being done.
 */
export async function runCommand(
  line: readonly string[],
  world: CommandWorld,
  commands: CommandList,
  onVerb: (verb: Verb) => void = () => undefined,
): Promise<number> {
  const [name = '', ...words] = asNames(line);
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const { message } = unknownCommand(name, commands);
    world.stderr.write(`poorter: ${message}\n\n${overallHelp(await loaded(commands))}`);
    return 2;
  }
  const command = await load();
  if (asksForHelp(words)) {
    world.stdout.write(helpOf(command, words));
    return 0;
  }
  try {
    const { verb, argv } = await chosen(command, words);
    onVerb(verb);
    const { environment, now } = world;
    const given = readArguments(verb, argv, { environment, now: now(), instead: command.instead });
    await refuseKeyIn(Object.keys(verb.options).map((name) => String(given[name])));
    return await verb.run(given, world);
  } catch (error) {
    return told(error, command, words, world);
  }
}

export function unknownCommand(name: string, commands: CommandList): UsageError {
  const near = didYouMean(name, Object.keys(commands));
  return new UsageError(`unknown command '${shown(name)}'${near}`);
}

export async function loaded(commands: CommandList): Promise<readonly Command[]> {
  return Promise.all(Object.values(commands).map((load) => load()));
}

/** `--help` and `--version` are names of commands, too; of what help is asked about, names alone count. */
function asNames([first, ...rest]: readonly string[]): readonly string[] {
  if (first === undefined || first === '-h' || first === '--help') return ['help'];
  if (first === '--version') return ['version'];
  const end = rest.findIndex((word) => word.startsWith('-'));
  if (first !== 'help' || end === 0) return [first, ...rest];
  return [first, ...rest.slice(0, end < 0 ? 2 : Math.min(end, 2))];
}

/** The rest of the line may be wrong, or what help is asked about. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).some((word) => ['-h', '--help'].includes(word));
}

/** As far as the words lead: to a verb, or to the command. */
export function helpOf(command: Command, [word = '']: readonly string[]): string {
  if ('does' in command || !Object.hasOwn(command.verbs, word)) return commandHelp(command);
  return verbHelp(command, word);
}

/** Short where a verb is known: its mistake is to be seen above it. */
function usageOf(command: Command, [word = '']: readonly string[]): string {
  const isVerb = 'verbs' in command && Object.hasOwn(command.verbs, word);
  if ('verbs' in command && !isVerb) return commandHelp(command);
  const called = isVerb ? `${command.name} ${word}` : command.name;
  const lines = usageLines(command, isVerb ? word : null);
  return `${lines.join('\n')}\n\npoorter ${called} --help explains it.\n`;
}

async function chosen(
  command: Command,
  words: readonly string[],
): Promise<{ verb: Verb; argv: readonly string[] }> {
  if ('does' in command) {
    await refuseKeyIn(words);
    return { verb: command.does, argv: words };
  }
  const [name, ...argv] = words;
  const verb = name !== undefined && Object.hasOwn(command.verbs, name) && command.verbs[name];
  if (!verb || !takesKey(verb)) await refuseKeyIn(words);
  if (verb) return { verb, argv };
  const verbs = Object.keys(command.verbs);
  const expected = `it is one of ${verbs.join(', ')}`;
  if (name === undefined) throw new UsageError(`a verb is missing; ${expected}`);
  throw new UsageError(`no such verb: ${shown(name)}${didYouMean(name, verbs) || `; ${expected}`}`);
}

function takesKey({ arguments: taken = {} }: Verb): boolean {
  return Object.values(taken).some((one) => one.takesKey);
}

/** A key that stands where its id belongs goes nowhere, and is not repeated. */
async function refuseKeyIn(words: readonly string[]): Promise<void> {
  // What may be a key is seen without loading what knows.
  if (!words.some((word) => word.includes('poorter_'))) return;
  const { KEY_WITHIN } = await import('@poorter/engine');
  if (!words.some((word) => KEY_WITHIN.test(word))) return;
  throw new UsageError(
    'an argument holds a key, which is to stand in no argument; name it by its id, as `poorter keys list` shows it, and report a key that others may have seen with `poorter keys leaked --stdin`',
  );
}

function told(
  error: unknown,
  command: Command,
  words: readonly string[],
  { stderr, now }: CommandWorld,
): number {
  if (command.inJson !== undefined && words.includes('--json')) {
    const isUsage = error instanceof UsageError;
    stderr.write(command.inJson(asError(error), isUsage, now()));
    return isUsage ? 2 : (command.failureStatus ?? 1);
  }
  if (error instanceof UsageError) {
    stderr.write(`poorter ${command.name}: ${error.message}\n\n${usageOf(command, words)}`);
    return 2;
  }
  const fault = asError(error);
  stderr.write(command.inWords?.(fault) ?? `poorter ${command.name}: ${fault.message}\n`);
  return command.failureStatus ?? 1;
}

function asError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const words = fileFault(error);
  return words === undefined ? error : new Error(words, { cause: error });
}
