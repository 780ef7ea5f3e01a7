import {
  type ArgumentForm,
  type Command,
  type OptionForm,
  optionName,
  type Verb,
} from '../define-command.ts';

/** What a shell offers where a value is typed. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean }
  | { readonly kind: 'file' | 'directory' | 'nothing' };

export interface OfferedOption {
  /** With its two signs. */
  readonly name: string;
  readonly says: string;
  /** What its value is called; null where it takes none. */
  readonly value: string | null;
  readonly offer: Offer;
  readonly isRepeatable: boolean;
  /** Names of options that cannot stand beside it. */
  readonly excludes: readonly string[];
}

export interface OfferedArgument {
  readonly value: string;
  readonly isOptional: boolean;
  readonly offer: Offer;
}

/** Where a line of arguments begins: behind `poorter serve`, or `poorter keys create`. */
export interface Place {
  readonly command: string;
  readonly verb: string | null;
  readonly options: readonly OfferedOption[];
  readonly arguments: readonly OfferedArgument[];
}

export function placesOf(command: Command): readonly Place[] {
  const { name } = command;
  if ('does' in command) return [placeOf(name, null, command.does)];
  return Object.entries(command.verbs).map(([verb, one]) => placeOf(name, verb, one));
}

function placeOf(command: string, verb: string | null, one: Verb): Place {
  const { options, arguments: taken = {} } = one;
  const forms = Object.entries(options);
  // Whichever of the two is typed first, the other is offered no more.
  const excludedBy = (name: string) =>
    forms.flatMap(([other, { excludes = [] }]) => {
      if (other === name) return excludes.filter((one) => Object.hasOwn(options, one));
      return excludes.includes(name) ? [other] : [];
    });
  return {
    command,
    verb,
    options: [
      ...forms.map(([name, form]) => ({
        name: optionName(name),
        says: form.says,
        value: form.value ?? null,
        offer: offerOf(form),
        isRepeatable: form.isRepeatable === true,
        excludes: excludedBy(name).map(optionName),
      })),
      HELP,
    ],
    arguments: Object.values(taken).map((form) => ({
      value: form.value,
      isOptional: form.isOptional === true,
      offer: offerOf(form),
    })),
  };
}

const HELP: OfferedOption = {
  name: '--help',
  says: 'what it does, and what it takes',
  value: null,
  offer: { kind: 'nothing' },
  isRepeatable: false,
  excludes: [],
};

function offerOf(form: OptionForm | ArgumentForm): Offer {
  const words = form.oneOf ?? form.suggests;
  if (words !== undefined) return { kind: 'words', words, isList: form.isList === true };
  return { kind: form.path ?? 'nothing' };
}

/** As every shell reads it: nothing in it ends the quotes, or is looked at. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
