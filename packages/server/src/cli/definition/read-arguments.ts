import { parseArgs } from 'node:util';
import { closestName } from '../../configuration/closest-name.ts';
import {
  type ArgumentForm,
  type OptionForm,
  optionName,
  type ValuePlace,
  type Verb,
} from './define-command.ts';
import { didYouMean, shown, UsageError } from './usage-error.ts';

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: number;
  /** Of the command. */
  readonly instead?: Readonly<Record<string, string>> | undefined;
}

/** What stands in the command line, as it was typed. */
interface Typed {
  /** By the names of the definition; `true` where an option takes no value. */
  readonly options: ReadonlyMap<string, readonly (string | true)[]>;
  readonly positionals: readonly string[];
}

/**
 * What the handler of a verb receives: as the definition types it, for it is read by that definition.
 * Throws UsageError.
 */
export function readArguments(
  verb: Verb,
  argv: readonly string[],
  surroundings: Surroundings,
): Record<string, unknown> {
  const typed = divided(verb, argv, surroundings);
  const given = placed(verb, typed.positionals);
  refuseTogether(verb, new Set([...typed.options.keys(), ...given.keys()]));
  const { now } = surroundings;
  const read: Record<string, unknown> = {};
  for (const [name, form] of Object.entries(verb.arguments ?? {})) {
    const text = given.get(name);
    if (text === undefined && form.isOptional) continue;
    read[name] = readValue(requiredText(text, form.value), form, { name: form.value, now });
  }
  for (const [name, form] of Object.entries(verb.options)) {
    read[name] = optionValue(name, form, typed.options.get(name) ?? [], surroundings);
  }
  return read;
}

/** Options by their names, and what stands alone. */
function divided(verb: Verb, argv: readonly string[], { instead = {} }: Surroundings): Typed {
  const forms = Object.entries(verb.options).map(
    ([name, form]) => [optionName(name).slice(2), { name, form }] as const,
  );
  const known = new Map(forms);
  const isName = (word: string) => COPIED.test(word) && !known.has(word.slice(2));
  const { tokens } = parseArgs({
    // It would take the letters of a name that begins with a dash for options, each for one.
    args: argv.map((word, at) => {
      const before = known.get(argv[at - 1]?.slice(2) ?? '');
      const isValue = argv[at - 1]?.startsWith('--') && before?.form.value !== undefined;
      return isName(word) && verb.arguments !== undefined && !isValue ? 'name' : word;
    }),
    options: Object.fromEntries(
      forms.map(([typed, { form }]) => [typed, { type: form.value ? 'string' : 'boolean' }]),
    ),
    // Its strictness tells less than ours, and repeats what was typed.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, (string | true)[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(argv[token.index] ?? token.value);
    if (token.kind !== 'option') continue;
    const found = token.rawName.startsWith('--') ? known.get(token.name) : undefined;
    if (found === undefined) {
      const other = Object.keys(instead).find((name) => optionName(name) === token.rawName);
      if (other !== undefined) throw new UsageError(`${token.rawName}: ${instead[other]}`);
      throw unknownOption(token.rawName, [...known.keys()]);
    }
    const { name, form } = found;
    const values = options.get(name) ?? [];
    values.push(form.value === undefined ? flagOf(token) : textOf(token, form.value, isName));
    options.set(name, values);
  }
  return { options, positionals };
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function flagOf({ rawName, value }: OptionToken): true {
  if (value === undefined) return true;
  throw new UsageError(`${rawName} takes no value`);
}

/** Names that were drawn by chance, of sessions, grants, keys and people: a copied one may begin with any of its characters. */
const COPIED = /^-(?=.*[A-Z0-9_])[A-Za-z0-9_-]{15,63}$/;

function textOf(
  { rawName, value, inlineValue }: OptionToken,
  form: string,
  isName: (text: string) => boolean,
): string {
  if (value === undefined) throw new UsageError(`${rawName} takes ${form}, and nothing follows it`);
  // Options begin with two dashes, but for -h, which was answered before.
  if (inlineValue || !value.startsWith('--') || isName(value)) return value;
  throw new UsageError(
    `${rawName} takes ${form}, and another option follows it; a value that begins with -- is written ${rawName}=--…`,
  );
}

function unknownOption(given: string, known: readonly string[]): UsageError {
  const names = known.map((name) => `--${name}`);
  // What every option begins with makes none more like another.
  const nearest = closestName(given.replace(/^-+/, ''), known);
  const near = nearest === null ? '' : `; did you mean '--${nearest}'?`;
  const expected = names.length === 0 ? '; it takes no options' : `; it takes ${names.join(', ')}`;
  return new UsageError(`unknown option ${shown(given)}${near === '' ? expected : near}`);
}

/** What stands alone, by the names of the definition. */
function placed(verb: Verb, positionals: readonly string[]): ReadonlyMap<string, string> {
  const names = Object.keys(verb.arguments ?? {});
  const [unexpected] = positionals.slice(names.length);
  if (unexpected !== undefined) {
    throw new UsageError(`unexpected argument: ${shown(unexpected)}`);
  }
  return new Map(positionals.map((text, index) => [names[index] ?? '', text]));
}

function refuseTogether(verb: Verb, given: ReadonlySet<string>): void {
  const called = (name: string) => verb.arguments?.[name]?.value ?? optionName(name);
  for (const [name, { excludes = [], needs = [] }] of Object.entries(verb.options)) {
    if (!given.has(name)) continue;
    const [other] = excludes.filter((one) => given.has(one));
    if (other !== undefined) {
      throw new UsageError(`give either ${called(name)} or ${called(other)}, not both`);
    }
    const [missing] = needs.filter((one) => !given.has(one));
    if (missing !== undefined) {
      throw new UsageError(`${called(name)} needs ${called(missing)}`);
    }
  }
}

function optionValue(
  name: string,
  form: OptionForm,
  typed: readonly (string | true)[],
  surroundings: Surroundings,
): unknown {
  const called = optionName(name);
  const texts = typed.filter((one) => one !== true);
  if (form.value === undefined) return typed.length > 0;
  const place = { name: called, now: surroundings.now };
  if (form.isRepeatable) return texts.map((text) => readValue(text, form, place));
  // Which of two was meant is not ours to guess: one of them may be what protects.
  if (new Set(texts).size > 1) throw new UsageError(`${called} is given more than once`);
  const { variable } = form;
  const standIn = variable === undefined ? undefined : surroundings.environment[variable];
  if (texts.length === 0 && variable !== undefined && standIn !== undefined) {
    return readValue(standIn, form, { ...place, name: variable });
  }
  const text = texts[0] ?? form.default;
  if (form.isRequired) return readValue(requiredText(text, called), form, place);
  return text === undefined ? undefined : readValue(text, form, place);
}

function requiredText(text: string | undefined, name: string): string {
  if (text === undefined || text === '') throw new UsageError(`${name} is missing`);
  return text;
}

function readValue(text: string, form: OptionForm | ArgumentForm, place: ValuePlace): unknown {
  if (form.path !== undefined && text === '') throw new UsageError(`${place.name} names nothing`);
  const texts = form.isList ? listed(text) : [text];
  if (form.oneOf !== undefined) {
    for (const one of texts) refuseOther(one, form.oneOf, place.name);
  }
  if (form.read !== undefined) return form.read(text, place);
  return form.isList ? texts : text;
}

export function refuseOther(text: string, words: readonly string[], name: string): void {
  if (words.includes(text)) return;
  throw new UsageError(`${name} is one of ${words.join(', ')}${didYouMean(text, words)}`);
}

function listed(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}
