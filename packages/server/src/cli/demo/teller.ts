import { parseJsonText } from '@poorter/openapi/json';

/** What is asked of a server, and told. */
export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: object;
  /** Members of the answer that are worth a look; else all are shown. */
  readonly worthALook?: readonly string[];
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a body that is a JSON object; else nothing is in it. */
  readonly json: Readonly<Record<string, unknown>>;
}

type Write = (text: string) => unknown;

const ANSWER_MS = 30_000;
const KEPT = 28;
const ITEMS_SHOWN = 6;
/** Headers that say something about the flow. */
const SHOWN = /^(?:content-type|location|www-authenticate|dpop-nonce)$/;

/** Asks servers for somebody, and writes each message down. What opens something is cut short. */
export class Teller {
  readonly #write: Write;
  #steps = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  /** What comes now, in a sentence. */
  step(text: string): void {
    this.#steps += 1;
    this.#write(`\n── ${this.#steps}. ${text}\n\n`);
  }

  say(text: string): void {
    this.#write(`${text}\n`);
  }

  /** What stands in a token that is a JWT. */
  claims(token: unknown): void {
    const [, part = ''] = String(token).split('.');
    const claims = parseJsonText(Buffer.from(part, 'base64url').toString());
    this.#write(`  in the token: ${linesOf(claims).join('\n  ')}\n`);
  }

  async ask(url: string, question: Question = {}): Promise<Told> {
    const { form, json } = question;
    const method = question.method ?? (form === undefined && json === undefined ? 'GET' : 'POST');
    const body =
      form === undefined ? json && JSON.stringify(json) : String(new URLSearchParams(form));
    const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
    const headers = { ...(body !== undefined && { 'content-type': type }), ...question.headers };
    this.#asked(`${method} ${shownUrl(url)}`, headers, form ?? json);
    const answer = await fetch(url, {
      ...{ method, headers, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) },
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    const told = { status: answer.status, headers: answer.headers, text, json: objectIn(text) };
    this.#answered(told, question.worthALook);
    return told;
  }

  #asked(line: string, headers: Readonly<Record<string, string>>, members?: object): void {
    const lines = [
      line,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${shownHeader(name, value)}`),
    ];
    if (members !== undefined) {
      lines.push('', ...linesOf(members));
    }
    this.#write(
      lines
        .map((one) => `  > ${one}`.trimEnd())
        .join('\n')
        .concat('\n'),
    );
  }

  #answered({ status, headers, text, json }: Told, only?: readonly string[]): void {
    const lines = [`${status}`];
    for (const field of headers.getSetCookie()) {
      const [name = ''] = field.split('=');
      if (!name.endsWith('.sig')) lines.push(`set-cookie: ${name}=…`);
    }
    for (const [name, value] of headers) {
      if (!SHOWN.test(name)) continue;
      const isPlace = name === 'location' || name === 'www-authenticate';
      lines.push(`${name}: ${isPlace ? shownUrl(value) : short(value)}`);
    }
    const members = only === undefined ? json : picked(json, only);
    if (Object.keys(members).length > 0) lines.push('', ...linesOf(members));
    else if (text.startsWith('<')) lines.push('', `(a page: ${titleOf(text)})`);
    else if (text !== '') lines.push('', short(text));
    this.#write(
      lines
        .map((one) => `  < ${one}`.trimEnd())
        .join('\n')
        .concat('\n\n'),
    );
  }
}

function titleOf(page: string): string {
  return (
    /<h1[^>]*>([^<]+)/.exec(page)?.[1]?.trim() ??
    /<title>([^<]+)/.exec(page)?.[1] ??
    'without a title'
  );
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith('{')) return {};
  try {
    return parseJsonText(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Tokens, codes, signatures and secrets are long, and not for a screen. */
function short(text: string): string {
  return text.replaceAll(/[A-Za-z0-9_.~=-]{40,}/g, (long) => `${long.slice(0, KEPT)}…`);
}

/** Each parameter by itself. */
function shownUrl(text: string): string {
  return short(text.replaceAll(/(?<==)[^&\s"]{40,}/g, (long) => `${long.slice(0, KEPT)}…`));
}

function shortened(name: string, value: unknown): unknown {
  if (typeof value === 'string') return /secret$|^link$/.test(name) ? '…' : short(value);
  if (!Array.isArray(value) || value.length <= ITEMS_SHOWN) return value;
  return [...value.slice(0, ITEMS_SHOWN), `… ${value.length - ITEMS_SHOWN} more`];
}

/** Lists of words stand on one line. */
function linesOf(value: unknown): string[] {
  const text = JSON.stringify(value, shortened, 2);
  const lists = /\[\n\s+("[^[\]{}]*?)\n\s+\]/g;
  return text
    .replaceAll(lists, (_, items: string) => `[${items.replaceAll(/\n\s+/g, ' ')}]`)
    .split('\n');
}

function picked(json: Told['json'], names: readonly string[]): object {
  const found = Object.entries(json).filter(([name]) => names.includes(name));
  return { ...Object.fromEntries(found), '…': `${Object.keys(json).length - found.length} more` };
}

/** What a cookie holds is nobody's business but the server's. */
function shownHeader(name: string, value: string): string {
  if (name !== 'cookie') return short(value);
  const names = value.split('; ').map((pair) => pair.split('=')[0] ?? '');
  return names
    .filter((one) => !one.endsWith('.sig'))
    .map((one) => `${one}=…`)
    .join('; ');
}
