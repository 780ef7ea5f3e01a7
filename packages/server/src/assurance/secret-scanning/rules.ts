import { rules as published } from '@secretlint/secretlint-rule-preset-recommend';
import { SERVICE_RULES } from './service-rules.ts';

/** A secret in a text, as a rule reports it; places are UTF-16 code units. */
export interface RuleMatch {
  /** `github/github-token` */
  readonly rule: string;
  readonly start: number;
  readonly secret: string;
}

export interface RuleText {
  readonly content: string;
  readonly filePath: string;
  readonly ext: string;
}

/** What the published rules look like to us: their context is ours, so nothing of theirs does I/O. */
interface PublishedRule {
  readonly meta: { readonly id: string };
  readonly messages: Readonly<Record<string, { en(props: object): string }>>;
  create(context: object, options: object): { file(text: object): unknown };
}

interface Reported {
  readonly message: { readonly messageId: string; readonly secret: string };
  readonly range: readonly [number, number];
}

/** Comments in a stranger's syntax do not silence us; ours is `poorter:allow`. */
const NOT_HOSTED = new Set([
  'filter-comments',
  // Ours also finds encrypted keys, short ones (Ed25519) and those with escaped or indented lines.
  'privatekey',
]);

/**
 * The published rules, each run alone on a text. They are made once: a rule keeps nothing between texts.
 */
export class HostedRules {
  readonly #rules: ReadonlyMap<string, { file(text: object): unknown }>;
  #rule = '';
  #text = '';
  #matches: RuleMatch[] = [];

  constructor() {
    this.#rules = new Map(
      hosted().map((rule) => [shortName(rule), rule.create(this.#context(), {})]),
    );
  }

  get names(): readonly string[] {
    return [...this.#rules.keys()];
  }

  /** Throws what the rule throws. */
  run(name: string, text: RuleText): readonly RuleMatch[] {
    this.#rule = name;
    this.#text = text.content;
    this.#matches = [];
    this.#rules.get(name)?.file(text);
    return this.#matches;
  }

  #context() {
    return {
      sharedOptions: {},
      createTranslator: () => (messageId: string, props: Readonly<Record<string, string>>) => ({
        messageId,
        secret: secretOf(props),
      }),
      ignore: () => {},
      report: ({ message, range }: Reported) => {
        // Some ranges start before the secret, so it is looked for from there.
        const found = message.secret === '' ? -1 : this.#text.indexOf(message.secret, range[0]);
        const isPlaced = found >= 0;
        this.#matches.push({
          rule: ruleId(this.#rule, message.messageId),
          start: isPlaced ? found : range[0],
          secret: isPlaced ? message.secret : this.#text.slice(range[0], range[1]),
        });
      },
    };
  }
}

/** Every rule that can be reported: its id, and what it finds. */
export function ruleTitles(): ReadonlyMap<string, string> {
  return new Map([
    ...SERVICE_RULES.map(({ id, title }) => [id, title] as const),
    ...publishedTitles(),
  ]);
}

function publishedTitles(): ReadonlyMap<string, string> {
  return new Map(
    hosted().flatMap((rule) =>
      Object.entries(rule.messages).map(([messageId, { en }]) => [
        ruleId(shortName(rule), messageId),
        titleOf(en({})),
      ]),
    ),
  );
}

function hosted(): readonly PublishedRule[] {
  return (published as unknown as readonly PublishedRule[]).filter(
    (rule) => !NOT_HOSTED.has(shortName(rule)),
  );
}

function shortName(rule: PublishedRule): string {
  return rule.meta.id.replace('@secretlint/secretlint-rule-', '');
}

function ruleId(rule: string, messageId: string): string {
  const words = messageId
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/_/g, '-');
  return `${rule}/${words.toLowerCase()}`;
}

/** `found GitHub Token(undefined): undefined` says: GitHub Token. */
function titleOf(message: string): string {
  return message
    .replace(/^found (an? )?/, '')
    .replace(/\(undefined\)/g, '')
    .replace(/:.*$/s, '')
    .trim();
}

const SECRET_PROPS = ['KEY', 'TOKEN', 'URI', 'URL', 'CREDENTIAL', 'ID'];

function secretOf(props: Readonly<Record<string, string>>): string {
  for (const name of SECRET_PROPS) if (props[name] !== undefined) return props[name];
  return '';
}
