import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import { nodeHttp } from './node-http.ts';

type Pair = readonly [name: string, value: OutgoingHttpHeader];
/** As writeHead takes them. */
type Fields = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[] | Pair[];

/** Its reason: what was said, or else what was set, or what everybody says. */
export function takeReason(response: ServerResponse, given: unknown): void {
  if (typeof given === 'string') response.statusMessage = given;
  else response.statusMessage ||= nodeHttp().STATUS_CODES[response.statusCode] ?? 'unknown';
}

/**
 * What writeHead(status, reason?, fields?) was given becomes what setHeader would have said, so that it can
 * be read. As node:http has it where both are used: a list may name a field several times, and takes the
 * place of what was set before.
 */
export function takeFields(response: ServerResponse, given: readonly unknown[]): void {
  const [, second, third] = given;
  const fields = (typeof second === 'string' ? third : (third ?? second)) as Fields | null;
  const isList = Array.isArray(fields);
  // Without a name, it is no field to node:http either.
  const pairs = (isList ? pairsOf(fields) : Object.entries(fields ?? {})).filter(([name]) => name);
  if (!isList) {
    for (const [name, value] of pairs) response.setHeader(name, value);
    return;
  }
  for (const [name] of pairs) if (response.hasHeader(name)) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value as string);
}

function pairsOf(list: readonly unknown[]): readonly Pair[] {
  if (Array.isArray(list[0])) return list as readonly Pair[];
  if (list.length % 2 !== 0) {
    const error = new TypeError('a list of fields has a value for each name');
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' });
  }
  const names = list.filter((_, at) => at % 2 === 0) as string[];
  return names.map((name, at) => [name, list[at * 2 + 1] as OutgoingHttpHeader]);
}

/** name, value, … in lower case. */
export function saidFields(response: ServerResponse): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one));
  }
  return flat;
}

export function clearHead(response: ServerResponse): void {
  // node:http takes it for a wish when a Date is removed.
  const { sendDate } = response;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.sendDate = sendDate;
}
