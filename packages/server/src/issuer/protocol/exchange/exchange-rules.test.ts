import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detail } from '../../details/index.ts';
import type { PresentedClaims } from '../presented-tokens.ts';
import {
  type Actor,
  actorOf,
  actorsOf,
  narrowedScope,
  passedOnDetails,
  passedOnRoles,
} from './exchange-rules.ts';

const HERE = 'https://api.test/accounts';
const THERE = 'https://api.test/cards';

function subject(more: Partial<PresentedClaims> = {}): PresentedClaims {
  return {
    ...{ iss: 'https://login.test', jti: 't1', iat: 1, exp: 2, aud: HERE },
    ...{ client_id: 'client_a', sub: 'client_a', scope: 'accounts.read accounts.write' },
    ...more,
  };
}

const refused = (error: string) => ({ message: error });

test('who acts now stands outside, who acted before within, and no chain is longer than four', () => {
  let act: Actor | undefined;
  let holder = 'client_a';
  for (const next of ['client_b', 'client_c', 'client_d']) {
    act = actorOf(subject({ client_id: holder, ...(act !== undefined && { act }) }), next);
    holder = next;
  }
  assert.deepEqual(actorsOf(act), ['client_d', 'client_c', 'client_b', 'client_a']);
  const last = subject({ client_id: 'client_d', ...(act !== undefined && { act }) });
  assert.throws(() => actorOf(last, 'client_e'), refused('invalid_request'));
  assert.deepEqual(actorOf(last, 'client_d'), act, 'its own: nobody else acts');
  assert.equal(actorOf(subject(), 'client_a'), undefined);
});

test('a scope is one of the token and one of the client, or it is refused; what nobody names is narrowed', () => {
  const scopeFor = (asked: string | undefined, scope: string, target = HERE) =>
    narrowedScope(subject(), { asked, target, info: { scope } });
  assert.equal(scopeFor(undefined, 'accounts.read accounts.close'), 'accounts.read');
  assert.equal(scopeFor('accounts.read', 'accounts.read accounts.write'), 'accounts.read');
  for (const wider of ['accounts.close', 'accounts.read accounts.close', 'openid']) {
    assert.throws(() => scopeFor(wider, `accounts.read ${wider}`), refused('invalid_scope'), wider);
  }
  for (const target of [HERE, THERE]) {
    assert.throws(() => scopeFor(undefined, 'cards.read', target), refused('invalid_scope'));
    assert.throws(() => scopeFor(undefined, '', target), refused('invalid_scope'));
  }
});

test('a token without scopes stays one for its API, and is none for another', () => {
  const bare = subject({ scope: undefined });
  const wish = { asked: undefined, info: { scope: 'accounts.read' } };
  assert.equal(narrowedScope(bare, { ...wish, target: HERE }), undefined);
  assert.throws(() => narrowedScope(bare, { ...wish, target: THERE }), refused('invalid_scope'));
});

test('what was signed is passed on to nobody; what names no API stays at its own', () => {
  const plain: Detail = { type: 'account_information' };
  const elsewhere: Detail = { ...plain, locations: [THERE] };
  const signed: Detail = { type: 'payment_initiation', approval: { id: 'x', at: 1 } };
  const token = subject({ authorization_details: [plain, elsewhere, signed] });
  const all = { detailTypes: ['account_information', 'payment_initiation'] };
  assert.deepEqual(passedOnDetails(token, HERE, all), [plain]);
  assert.deepEqual(passedOnDetails(token, THERE, all), [elsewhere]);
  assert.deepEqual(passedOnDetails(token, HERE, { detailTypes: ['payment_initiation'] }), []);
  assert.deepEqual(passedOnDetails(subject(), HERE, all), []);
});

test('of the roles of a token those go on that the other API asks for, and no role comes to be', () => {
  const at = (identifier: string, roles: readonly string[]) => ({ identifier, roles }) as never;
  const snapshot = { resources: [at(HERE, ['keeper', 'reader']), at(THERE, ['reader', 'owner'])] };
  const token = subject({ roles: ['keeper', 'reader'] });
  assert.deepEqual(passedOnRoles(token, snapshot, THERE), { roles: ['reader'] });
  assert.deepEqual(passedOnRoles(token, snapshot, HERE), { roles: ['keeper', 'reader'] });
  assert.deepEqual(passedOnRoles(token, snapshot, 'https://other.test'), {});
  assert.deepEqual(passedOnRoles(subject({ roles: 'owner' }), snapshot, THERE), {});
  assert.deepEqual(passedOnRoles(subject(), snapshot, THERE), {});
});
