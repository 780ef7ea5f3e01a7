import type { Command, Verb } from './define-command.ts';
import {
  argumentSays,
  exitSentence,
  optionAsTyped,
  optionSays,
  overallHelp,
  usageLines,
  verbOf,
} from './help.ts';

/** docs/reference/commands.md, whole. */
export function referencePage(commands: readonly Command[]): string {
  return [
    '# Commands',
    '',
    'Every command and every verb explains itself with `--help`. An option is written `--name VALUE` or',
    '`--name=VALUE`; a value that begins with `-` only as `--name=-VALUE`; behind `--` stand no options. What',
    'is unknown, given twice with two values, or cannot stand together is refused with exit status 2 and what was',
    'expected, and a key in an argument is refused unread.',
    '',
    `${exitSentence()} Where a command differs, it stands with it.`,
    '',
    ...fenced(overallHelp(commands).trimEnd()),
    ...commands.flatMap(section),
  ].join('\n');
}

function section(command: Command): string[] {
  const { name, purpose, environment = {} } = command;
  const variables = Object.entries(environment).map(
    ([variable, says]) => `- \`${variable}\`: ${says}`,
  );
  const head = [`## poorter ${name}`, '', `${capital(purpose)}.`, ''];
  const about = [
    ...paragraphs(command.about),
    ...(variables.length === 0 ? [] : ['Environment:', '', ...variables, '']),
    ...('verbs' in command && command.exits !== undefined ? [exitSentence(command.exits), ''] : []),
  ];
  if ('does' in command) {
    const { about: _, ...verb } = command.does;
    return [...head, ...about, ...called(command, null, verb)];
  }
  return [
    ...head,
    ...about,
    ...Object.entries(command.verbs).flatMap(([verbName, verb]) => [
      `### poorter ${name} ${verbName}`,
      '',
      `${capital(verb.purpose)}.`,
      '',
      ...called(command, verbName, verb),
    ]),
  ];
}

function called(command: Command, verbName: string | null, verb: Verb): string[] {
  const whole = verbOf(command, verbName);
  const rows = [
    ...Object.values(verb.arguments ?? {}).map((form) => row(form.value, argumentSays(form))),
    ...Object.entries(verb.options).map(([name, form]) =>
      row(optionAsTyped(name, form), optionSays(form, whole)),
    ),
  ];
  const lines = usageLines(command, verbName).map((line) => line.replace(/^(?:Usage:| {6}) /, ''));
  return [
    ...fenced(lines.join('\n')),
    ...paragraphs(verb.about),
    ...(rows.length === 0 ? [] : ['| argument or option | meaning |', '|---|---|', ...rows, '']),
    ...(verb.examples ?? []).flatMap(({ line, says }) => [
      `${capital(says)}:`,
      '',
      ...fenced(line, 'sh'),
    ]),
    ...(verb.exits === undefined ? [] : [exitSentence(verb.exits), '']),
  ];
}

function row(name: string, says: string): string {
  return `| \`${cell(name)}\` | ${cell(says)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function fenced(text: string, language = ''): string[] {
  return [`\`\`\`${language}`, text, '```', ''];
}

function paragraphs(about: string | undefined): string[] {
  return about === undefined ? [] : [about, ''];
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
