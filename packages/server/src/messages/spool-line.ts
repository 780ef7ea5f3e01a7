import type { CallRecord, TouchedObjects } from './call-record.ts';
import { membersOf, memberText } from './record-line.ts';

/**
 * A record on its way through the spool: four fields, separated by tabs, which JSON text never
 * contains raw. Split by sensitivity, so that the recorder need not parse the record:
 *
 * 1. members of the leaf that may be read by everyone, as JSON without braces
 * 2. who called, as JSON: the same caller always gives the same text
 * 3. values of path parameters, as JSON: pointers to what was touched; or nothing
 * 4. what is searched for besides: [api, operation, decision, code]
 */
export interface SpoolLine {
  readonly members: string;
  readonly caller: string;
  readonly objects: string;
  readonly facets: string;
}

/** Who called: personal values, sealed before they are kept. In the order that the text has. */
export interface Caller {
  readonly address: string;
  readonly client: string | null;
  readonly subject: string | null;
  readonly credentialId: string | null;
  readonly kind: string | null;
}

/** What a record may weigh; details beyond it give way. */
const MEMBERS_CHARS_MAX = 32_768;
const OBJECTS_CHARS_MAX = 4_096;

export function callLine(record: CallRecord, objects: TouchedObjects): string {
  let members = membersOf(record);
  if (members.length > MEMBERS_CHARS_MAX) {
    const cut = { cut: 'too-large' };
    members = membersOf({ ...record, evidence: cut, observed: [], answer: record.answer && cut });
  }
  return line('call', record, members, objects);
}

/** A durable operation is about to be forwarded. */
export function intentLine(record: CallRecord, objects: TouchedObjects): string {
  const { time, id, host, method, api, operation, path, snapshot } = record;
  const members = `"id":"${id}","host":"${host}","method":${memberText(method)},"api":${memberText(api)},"operation":${memberText(operation)},"path":${memberText(path)},"snapshot":${snapshot}`;
  return line('intent', { ...record, time, decision: 'forwarded', code: null }, members, objects);
}

/** The answer to a durable operation is about to leave. */
export function outcomeLine(record: CallRecord, time: string): string {
  const { id, host, api, operation, decision, code, status } = record;
  const members = `"id":"${id}","host":"${host}","api":${memberText(api)},"operation":${memberText(operation)},"decision":"${decision}","code":${memberText(code)},"status":${status}`;
  return line('outcome', { ...record, time }, members, null);
}

function line(
  type: 'call' | 'intent' | 'outcome',
  record: CallRecord,
  members: string,
  objects: TouchedObjects,
): string {
  const who = record.principal === null ? NOBODY : textOf(record.principal);
  const touched = objects === null ? '' : JSON.stringify(objects);
  return `"time":"${record.time}","type":"${type}",${members}\t{"address":${memberText(record.client)},"client":${who}}\t${
    touched.length > OBJECTS_CHARS_MAX ? '' : touched
  }\t[${memberText(record.api)},${memberText(record.operation)},"${record.decision}",${memberText(record.code)}]`;
}

const NOBODY = 'null,"subject":null,"credentialId":null,"kind":null';

type Known = NonNullable<CallRecord['principal']>;

/** The same caller comes with the same principal, and gives the same text. */
const knownTexts = new WeakMap<Known, string>();

function textOf(principal: Known): string {
  let text = knownTexts.get(principal);
  if (text === undefined) {
    const { client, subject, credentialId, kind } = principal;
    text = `${memberText(client)},"subject":${memberText(subject)},"credentialId":${memberText(credentialId)},"kind":"${kind}"`;
    knownTexts.set(principal, text);
  }
  return text;
}

/** Null for a line that no writer of this version writes. */
export function splitSpoolLine(text: string): SpoolLine | null {
  const first = text.indexOf('\t');
  const second = text.indexOf('\t', first + 1);
  const third = text.indexOf('\t', second + 1);
  if (first < 0 || second < 0 || third < 0) return null;
  return {
    members: text.slice(0, first),
    caller: text.slice(first + 1, second),
    objects: text.slice(second + 1, third),
    facets: text.slice(third + 1),
  };
}

/** `"time":"2026-01-01T00:00:00.000Z"` begins every line. */
export function timeOfLine(text: string): string {
  return text.slice(8, 32);
}
