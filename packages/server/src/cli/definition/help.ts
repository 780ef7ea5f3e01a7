import {
  type ArgumentForm,
  type Command,
  type OptionForm,
  optionName,
  type Verb,
} from './define-command.ts';

const WIDTH = 100;
/** Names that are longer stand on a line of their own. */
const NAME_WIDTH_MAX = 26;

const EXITS = { 0: 'done', 1: 'refused or not done', 2: 'called wrongly' } as const;

type Row = readonly [name: string, says: string];

/** What `poorter help` shows. */
export function overallHelp(commands: readonly Command[]): string {
  const rows = commands.map(
    (command): Row => [
      'does' in command
        ? [command.name, briefOf(command.does)].join(' ').trim()
        : `${command.name} ${Object.keys(command.verbs).join('|')}`,
      command.purpose,
    ],
  );
  return [
    'Usage: poorter COMMAND',
    '',
    columns(rows, 42),
    '',
    'Every command and every verb explains itself with --help: poorter keys create --help.',
    'poorter completion bash|zsh|fish writes what completes all this in a shell.',
    '',
  ].join('\n');
}

/** What `poorter keys --help` shows; of a command that does something itself, all there is. */
export function commandHelp(command: Command): string {
  if ('does' in command) return verbHelp(command, null);
  const { name, verbs } = command;
  const rows = Object.entries(verbs).map(
    ([verb, { purpose, ...called }]): Row => [[verb, briefOf(called)].join(' ').trim(), purpose],
  );
  return [
    `Usage: poorter ${name} VERB [options]`,
    '',
    indented(sentence(command.purpose)),
    '',
    columns(rows, NAME_WIDTH_MAX),
    '',
    ...paragraphs(command.about),
    ...explained(command),
    `Each verb explains itself: poorter ${name} ${Object.keys(verbs)[0]} --help.`,
    '',
  ].join('\n');
}

/** What `poorter keys create --help` shows. */
export function verbHelp(command: Command, verbName: string | null): string {
  const verb = verbOf(command, verbName);
  const rows = [
    ...Object.values(verb.arguments ?? {}).map((form): Row => [form.value, argumentSays(form)]),
    ...Object.entries(verb.options).map(
      ([name, form]): Row => [optionAsTyped(name, form), optionSays(form, verb)],
    ),
  ];
  return [
    ...usageLines(command, verbName),
    '',
    indented(sentence(verb.purpose)),
    '',
    ...paragraphs(verb.about),
    ...(rows.length === 0 ? [] : [columns(rows, NAME_WIDTH_MAX), '']),
    ...(verbName === null ? [] : paragraphs(command.about)),
    ...explained({ ...command, ...verb }),
  ].join('\n');
}

export function usageLines(command: Command, verbName: string | null): string[] {
  const called = ['poorter', command.name, ...(verbName === null ? [] : [verbName])].join(' ');
  const forms = formsOf(verbOf(command, verbName));
  return forms.map((form, index) =>
    `${index === 0 ? 'Usage:' : '      '} ${called} ${form}`.trimEnd(),
  );
}

export function verbOf(command: Command, verbName: string | null): Verb {
  if ('does' in command) return command.does;
  const verb = command.verbs[verbName ?? ''];
  if (verb === undefined) throw new Error(`${command.name} has no verb ${verbName}`);
  return verb;
}

function formsOf(verb: Verb): readonly string[] {
  const { forms, options, arguments: taken = {} } = verb;
  if (forms !== undefined) return forms;
  const needed = Object.entries(options).filter(([, { isRequired }]) => isRequired);
  const hasMore = Object.keys(options).length > needed.length;
  const words = [
    ...Object.values(taken).map(({ value, isOptional }) => (isOptional ? `[${value}]` : value)),
    ...needed.map(([name, form]) => optionAsTyped(name, form)),
    ...(hasMore ? ['[options]'] : []),
  ];
  return [words.join(' ')];
}

/** As a list shows it: what must be given, and no more. */
function briefOf(verb: Pick<Verb, 'forms' | 'options' | 'arguments'>): string {
  const { options, arguments: taken = {}, forms } = verb;
  if (forms !== undefined) return forms[0]?.replace(/ ?\[options\]/, '') ?? '';
  const words = [
    ...Object.values(taken).map(({ value, isOptional }) => (isOptional ? `[${value}]` : value)),
    ...Object.entries(options)
      .filter(([, { isRequired }]) => isRequired)
      .map(([name, form]) => optionAsTyped(name, form)),
  ];
  return words.join(' ');
}

export function optionAsTyped(name: string, { value }: OptionForm): string {
  return value === undefined ? optionName(name) : `${optionName(name)} ${value}`;
}

export function argumentSays({ says, oneOf }: ArgumentForm): string {
  return oneOf === undefined ? says : `${says}: ${oneOf.join(', ')}`;
}

export function optionSays(form: OptionForm, verb: Verb): string {
  const { says, oneOf, isList, isRepeatable, isRequired, variable, otherwise, excludes } = form;
  const called = (name: string) => verb.arguments?.[name]?.value ?? optionName(name);
  const standard = form.default ?? otherwise;
  const remarks = [
    ...(isRequired ? ['needed'] : []),
    ...(standard === undefined ? [] : [`default: ${standard}`]),
    ...(variable === undefined ? [] : [`or ${variable}`]),
    ...(isRepeatable ? ['may be given several times'] : []),
    ...(excludes === undefined ? [] : [`not with ${excludes.map(called).join(', ')}`]),
  ];
  const words = oneOf === undefined ? says : `${says}: ${oneOf.join(', ')}`;
  const several = isList && oneOf !== undefined ? `${words}; several with commas` : words;
  return remarks.length === 0 ? several : `${several} (${remarks.join('; ')})`;
}

/** Of a verb: its own words, and those of its command. */
function explained(one: {
  readonly exits?: Readonly<Record<0 | 1 | 2, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly examples?: Command['examples'];
}): string[] {
  const { exits = EXITS, environment = {}, examples = [] } = one;
  const variables = Object.entries(environment).map(([name, says]): Row => [name, says]);
  const lines = examples.flatMap(({ line, says }) => [`  ${line}`, `      ${says}`]);
  return [
    ...(variables.length === 0 ? [] : ['Environment:', '', columns(variables, NAME_WIDTH_MAX), '']),
    ...(lines.length === 0 ? [] : ['Examples:', '', ...lines, '']),
    exitSentence(exits),
    '',
  ];
}

export function exitSentence(exits: Readonly<Record<0 | 1 | 2, string>> = EXITS): string {
  return wrapped(`Exit status: 0 ${exits[0]}; 1 ${exits[1]}; 2 ${exits[2]}.`, WIDTH).join('\n');
}

function sentence(purpose: string): string {
  return `${purpose.charAt(0).toUpperCase()}${purpose.slice(1)}.`;
}

function paragraphs(about: string | undefined): string[] {
  return (about?.split('\n\n') ?? []).flatMap((one) => [indented(one), '']);
}

/** A paragraph whose lines begin with a blank stands as it is written. */
function indented(text: string): string {
  const lines = text.startsWith(' ') ? text.split('\n') : wrapped(text, WIDTH - 2);
  return lines.map((line) => `  ${line}`).join('\n');
}

function columns(rows: readonly Row[], widthMax: number): string {
  const widest = Math.max(...rows.map(([name]) => name.length).filter((one) => one <= widthMax), 8);
  return rows
    .flatMap(([name, says]) => {
      const lines = wrapped(says, WIDTH - widest - 4);
      const first = name.length > widest ? [`  ${name}`] : [];
      const rest = lines.map((line, index) => {
        const label = index === 0 && first.length === 0 ? name : '';
        return `  ${label.padEnd(widest)}  ${line}`;
      });
      return [...first, ...rest];
    })
    .join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
