import type { CallRecord } from './call-record.ts';

/** With this, a file of records begins. */
export const RECORD_START = '{"time":"';

/**
 * JSON.stringify of a record, written out: the fields are known, most of them the same from call
 * to call, and this runs for every call.
 */
export function recordLine(record: CallRecord): string {
  const { principal } = record;
  return `{"time":"${record.time}","id":"${record.id}","host":"${record.host}","client":${memberText(record.client)},"method":${memberText(record.method)},"api":${memberText(record.api)},"operation":${memberText(record.operation)},"path":${memberText(record.path)},"principal":${
    principal === null
      ? 'null'
      : `{"kind":"${principal.kind}","client":${memberText(principal.client)},"subject":${memberText(principal.subject)},"credentialId":${memberText(principal.credentialId)}}`
  },"decision":"${record.decision}","phase":${memberText(record.phase)},"code":${memberText(record.code)},"status":${record.status},"evidence":${tree(record.evidence)},"observed":${
    record.observed.length === 0 ? '[]' : JSON.stringify(record.observed)
  },"answer":${record.answer === null ? 'null' : JSON.stringify(record.answer)},"snapshot":${record.snapshot},"durationMs":${record.durationMs},"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut},"complete":${record.complete}}`;
}

/** The members that name nobody, without braces. */
export function membersOf(record: CallRecord): string {
  return `"id":"${record.id}","host":"${record.host}","method":${memberText(record.method)},"api":${memberText(record.api)},"operation":${memberText(record.operation)},"path":${memberText(record.path)},"decision":"${record.decision}","phase":${memberText(record.phase)},"code":${memberText(record.code)},"status":${record.status},"evidence":${tree(record.evidence)},"observed":${
    record.observed.length === 0 ? '[]' : JSON.stringify(record.observed)
  },"answer":${record.answer === null ? 'null' : JSON.stringify(record.answer)},"snapshot":${record.snapshot},"durationMs":${record.durationMs},"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut},"complete":${record.complete}`;
}

/** Texts that need no escape, which nearly all do, cost no call of JSON.stringify. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

export function memberText(value: string | null): string {
  if (value === null) return 'null';
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

function tree(value: object): string {
  for (const _ in value) return JSON.stringify(value);
  return '{}';
}
