import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { issuerCodes } from '../../messages/issuer-codes.ts';
import { errors, type Provider } from './library.ts';
import { Refusals } from './refusals.ts';

/** Of specifications that are not spoken here. */
const ELSEWHERE =
  /_login_hint_token$|credential|attestation|^invalid_(?:nonce|proof)$|software_statement|_user_code$|registration|transaction/;

test('whatever the protocol can say is told on the page of its codes', () => {
  const said = Object.values(errors).flatMap((kind) => {
    if (!(kind.prototype instanceof errors.OIDCProviderError)) return [];
    if (kind.name === 'CustomOIDCProviderError') return [];
    const { message } = new (kind as new (why: string) => Error)('why');
    return [message];
  });
  assert.ok(said.length > 30);
  const unknown = said.filter((code) => !ELSEWHERE.test(code) && !Object.hasOwn(issuerCodes, code));
  assert.deepEqual(unknown, []);
});

test('why something was refused is known of its own call, a fault only as one', () => {
  const provider = new EventEmitter();
  const refusals = new Refusals(provider as unknown as Provider);
  const [one, other, third] = [{}, {}, {}] as const;
  provider.emit('authorization.error', { req: one }, new errors.InvalidRequest('no such thing'));
  provider.emit('grant.error', { req: other }, new Error('the database is at 10.0.0.1'));
  assert.deepEqual(refusals.of(one), { error: 'invalid_request', reason: 'no such thing' });
  assert.deepEqual(refusals.of(other), { error: 'server_error' });
  assert.equal(refusals.of(third), undefined);
});
