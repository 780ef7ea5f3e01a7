import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problems } from '@poorter/engine';
import type { Problem } from '../messages/admin-contract.generated.ts';
import { adminProblems } from '../messages/admin-problems.ts';
import { AdminRefusal } from './admin-client.ts';
import { expectedInWords } from './operator-words.ts';

/** Nothing of the admin API is blocked, forwarded, opened to pages, or asked with a token; and no command sends such a key. */
const NOT_MET = new Set([
  ...['ambiguous_request', 'address_not_allowed', 'address_blocked', 'caller_blocked'],
  ...['origin_not_allowed', 'proof_invalid', 'token_opaque', 'session_invalid', 'page_not_allowed'],
  ...['sign_in_invalid', 'other_host', 'keys_unavailable', 'introspection_unavailable'],
  ...['sign_in_unavailable', 'insufficient_user_authentication', 'insufficient_scope'],
  ...['body_not_visible', 'upstream_unreachable', 'upstream_timeout', 'upstream_invalid'],
  ...['caller_left', 'answer_invalid', 'snapshot_stale', 'trailers_not_accepted'],
  ...['upgrade_not_accepted', 'expectation_failed', 'idempotency_mismatch'],
  'idempotency_under_way',
]);
/** What only a program sees, or says something to. */
const OF_PROGRAMS =
  /Retry-After|RateLimit|WWW-Authenticate|If-Match|ETag|Idempotency-Key|[Hh]eader|pointer|\bmember\b|API provider|\bAPI\b|the application|\/v1\//;

test('whoever types a command is told what an operator does, and nothing of fields and members', () => {
  const all = { ...problems, ...adminProblems };
  for (const [code, { status, title, remedy }] of Object.entries(all)) {
    if (NOT_MET.has(code)) continue;
    const problem = { type: 'about:blank', status, code, title, detail: remedy };
    const { message } = new AdminRefusal(status, { ...problem, instance: 'urn:poorter:call:1' }, 7);
    assert.doesNotMatch(message, OF_PROGRAMS, code);
    assert.match(message, /\.$/, code);
  }
  for (const code of NOT_MET) assert.ok(code in all, code);
});

test('what was wrong stays in the sentence, with how long to wait and where to look', () => {
  const of = (code: keyof typeof problems | keyof typeof adminProblems, more: object = {}) => {
    const { status, title, remedy } = { ...problems, ...adminProblems }[code];
    const problem = { type: 'about:blank', status, code, title, detail: remedy };
    return { ...problem, instance: 'urn:poorter:call:1', ...more };
  };
  const said = (problem: Problem & { readonly status: number }, wait: number | null = null) =>
    new AdminRefusal(problem.status, problem, wait).message;
  assert.equal(
    said(of('value_not_acceptable', { reason: 'login: is taken' })),
    'A value cannot be used. (login: is taken)',
  );
  assert.equal(
    said(of('rate_limited'), 12),
    'The server was asked too often. Wait 12 s, and do it again.',
  );
  assert.match(said(of('rate_limited')), /Wait a moment, and/);
  assert.match(said(of('internal_fault')), /`poorter log show urn:poorter:call:1`/);
  assert.match(said(of('credentials_invalid')), /POORTER_OPERATOR_KEY/);
  assert.match(
    said(of('not_everywhere_yet', { gateways: ['gw-1', 'gw-2'] })),
    /\(gw-1, gw-2\).*`poorter status`/,
  );
  // One of a newer server, which this program does not know.
  const newer = { ...of('not_found'), code: 'of_tomorrow', title: 'So.', detail: 'Do so.' };
  assert.equal(said(newer), 'So. Do so.');
});

test('whoever types a value is told in words what it is like, and by no pattern', () => {
  const contract = join(import.meta.dirname, '../../contract/admin.openapi.yaml');
  const patterns = [...readFileSync(contract, 'utf8').matchAll(/pattern: '([^']+)'/g)];
  assert.ok(patterns.length > 15);
  // What no person types: a key that was found, ETags, and what commands read themselves.
  const ofPrograms = /^\^(?:poorter_|"\[0-9\]|\(\?:urn:|\[0-9a-f\]\{32\})/;
  for (const [, pattern = ''] of patterns) {
    if (ofPrograms.test(pattern)) continue;
    assert.doesNotMatch(expectedInWords(`text matching ${pattern}`), /matching|\^/, pattern);
  }
  assert.equal(expectedInWords('at most 5 characters'), 'at most 5 characters');
});
