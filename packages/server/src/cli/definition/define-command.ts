import type { CommandWorld } from './world.ts';

/**
 * A command is defined once. Its definition gives the types of what its handler receives, and from it
 * come reading and refusing of arguments, help, the reference page and completion in the shells.
 *
 * Definitions are loaded by help and completion: what is heavy is imported where it is used.
 */

/** How the text of a value is read. Throws UsageError with what was expected, and never with the text. */
export type ValueReader<Value> = (text: string, place: ValuePlace) => Value;

export interface ValuePlace {
  /** As people type it: `--until`, `KIND`. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface ValueForm {
  /** What it is for, in one sentence without a full stop. */
  readonly says: string;
  /** Shells complete its value from the files of this machine. */
  readonly path?: 'file' | 'directory';
  /** Nothing else is taken. */
  readonly oneOf?: readonly string[];
  /** Shells complete these; others are taken. */
  readonly suggests?: readonly string[];
  /** Several, divided by commas. */
  readonly isList?: true;
  readonly read?: ValueReader<unknown>;
}

/** Its name in a definition is `masterKey`, and `--master-key` at the keyboard. */
export interface OptionForm extends ValueForm {
  /** What help calls its value, such as FILE; an option without one is on or off. */
  readonly value?: string;
  readonly isRequired?: true;
  /** May be given several times. */
  readonly isRepeatable?: true;
  /** As it would be typed. */
  readonly default?: string;
  /** What holds without it, in words. */
  readonly otherwise?: string;
  /** The environment variable that stands in for it. */
  readonly variable?: string;
  /** Options and arguments that it cannot stand beside, by their names in the definition. */
  readonly excludes?: readonly string[];
  readonly needs?: readonly string[];
}

/** What stands without a name before it; in the order of the definition. */
export interface ArgumentForm extends ValueForm {
  /** What help calls it, such as ID. */
  readonly value: string;
  readonly isOptional?: true;
  /** A leaked key is no secret any more; anywhere else a key is refused unread. */
  readonly takesKey?: true;
}

export type OptionForms = Readonly<Record<string, OptionForm>>;
export type ArgumentForms = Readonly<Record<string, ArgumentForm>>;

type ReadValue<Form> = Form extends { read: (...given: never) => infer Value }
  ? Value
  : Form extends { oneOf: readonly (infer Word)[] }
    ? Form extends { isList: true }
      ? readonly Word[]
      : Word
    : Form extends { isList: true }
      ? readonly string[]
      : string;

type OptionValue<Form> = Form extends { value: string }
  ? Form extends { isRepeatable: true }
    ? readonly ReadValue<Form>[]
    : Form extends { isRequired: true } | { default: string }
      ? ReadValue<Form>
      : ReadValue<Form> | undefined
  : boolean;

type ArgumentValue<Form> = Form extends { isOptional: true }
  ? ReadValue<Form> | undefined
  : ReadValue<Form>;

/** What a handler receives, by the names in its definition. */
export type Given<Options, Arguments = unknown> = {
  readonly [Name in keyof Options]: OptionValue<Options[Name]>;
} & { readonly [Name in keyof Arguments]: ArgumentValue<Arguments[Name]> };

export interface Example {
  /** A line that can be pasted. */
  readonly line: string;
  readonly says: string;
}

interface Explanation {
  /** One line of a list, without a full stop. */
  readonly purpose: string;
  /** What else there is to know: paragraphs, divided by an empty line. */
  readonly about?: string;
  readonly examples?: readonly Example[];
  /** Where it differs from `0 done, 1 refused or not done, 2 called wrongly`. */
  readonly exits?: Readonly<Record<0 | 1 | 2, string>>;
}

interface VerbDefinition<Options extends OptionForms, Arguments extends ArgumentForms>
  extends Explanation {
  /** What may follow the name, where there is more than one way to call it. */
  readonly forms?: readonly string[];
  readonly options: Options;
  readonly arguments?: Arguments;
  /** Whoever reads its output may go away before the end, and nothing is lost. */
  readonly onlyPrints?: true;
  run(given: Given<Options, Arguments>, world: CommandWorld): Promise<number>;
}

/** As everything but its own handler sees it. */
export interface Verb extends Explanation {
  readonly forms?: readonly string[];
  readonly options: OptionForms;
  readonly arguments?: ArgumentForms;
  readonly onlyPrints?: true;
  run(given: Readonly<Record<string, unknown>>, world: CommandWorld): Promise<number>;
}

/** What holds for a command with all its verbs. */
interface CommandExplanation extends Explanation {
  readonly name: string;
  /** Options that others take and this one cannot, by the names in their definitions: what does instead. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Variables that it reads besides those that stand in for an option. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The whole text about what kept it from being done, where it is not `poorter NAME: sentence`. */
  inWords?(error: Error): string;
  /** The same with `--json`, also where it was called wrongly: every line is a document. */
  inJson?(error: Error, isUsage: boolean, nowMs: number): string;
  /** Exit status when it could not be done; 1, where 1 has no other meaning. */
  readonly failureStatus?: 1 | 2;
}

/** Either it does something itself, or its verbs do. */
export type Command = CommandExplanation &
  ({ readonly does: Verb } | { readonly verbs: Readonly<Record<string, Verb>> });

export function defineVerb<
  const Options extends OptionForms,
  // biome-ignore lint/complexity/noBannedTypes: no argument at all
  const Arguments extends ArgumentForms = {},
>(definition: VerbDefinition<Options, Arguments>): Verb {
  return definition;
}

export function defineCommand<
  const Options extends OptionForms,
  // biome-ignore lint/complexity/noBannedTypes: no argument at all
  const Arguments extends ArgumentForms = {},
>(definition: CommandExplanation & VerbDefinition<Options, Arguments>): Command;
export function defineCommand(
  definition: CommandExplanation & { readonly verbs: Readonly<Record<string, Verb>> },
): Command;
export function defineCommand(
  definition: CommandExplanation & (Verb | { readonly verbs: Readonly<Record<string, Verb>> }),
): Command {
  return 'verbs' in definition ? definition : { ...definition, does: definition };
}

/** `masterKey` is `--master-key` at the keyboard. */
export function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
