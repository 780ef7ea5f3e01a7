import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import type { ClientCertificate } from '../../facts.ts';
import {
  identifyWith,
  NOON,
  NOW,
  outcomeOf,
  requestOf,
  type Signer,
  signerOf,
  tokenOf,
  World,
} from './identify.fixture.ts';

const holder = signerOf(undefined);
const jkt = await calculateJwkThumbprint(holder.jwk);
const token = tokenOf({ cnf: { jkt } });

/** Remembers as a gate does. */
function worldWith(more: Partial<World> = {}) {
  const shown = new Set<string>();
  const showProof = (id: Buffer): 'first' | 'again' => {
    const text = id.toString('hex');
    if (shown.has(text)) return 'again';
    shown.add(text);
    return 'first';
  };
  return Object.assign(new World(), { showProof }, more);
}

function proofOf(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  by: Signer = holder,
): string {
  return by.sign(
    { typ: 'dpop+jwt', alg: by.alg, jwk: by.jwk, ...header },
    {
      ...{ jti: crypto.randomUUID(), htm: 'GET', htu: 'https://api.example/', iat: NOW },
      ath: hash('sha256', token, 'base64url'),
      ...claims,
    },
  );
}

function call(
  proof: string | readonly string[] | null,
  more: { token?: string; scheme?: string; nowMs?: number; path?: string } = {},
) {
  const proofs = proof === null ? [] : [proof].flat();
  const request = requestOf({
    headers: [
      ...[
        'host',
        'api.example',
        'authorization',
        `${more.scheme ?? 'DPoP'} ${more.token ?? token}`,
      ],
      ...proofs.flatMap((one) => ['dpop', one]),
    ],
    nowMs: more.nowMs ?? NOON,
  });
  return { ...request, path: more.path ?? '/' };
}

async function judge(world: World, ...given: Parameters<typeof call>): Promise<string> {
  const identification = await identifyWith(world, [{ oauth: [] }])(call(...given));
  if (identification.kind !== 'deny' || identification.code !== 'proof_invalid') {
    return outcomeOf(identification);
  }
  const { oauth } = identification.evidence['schemes'] as { oauth: { reason: string } };
  return oauth.reason;
}

test('a token that is bound to a key passes with a proof of it, once', async () => {
  const world = worldWith();
  const proof = proofOf();
  assert.equal(await judge(world, proof), 'app-1');
  assert.equal(await judge(world, proof), 'proof-shown-before');
  assert.equal(await judge(world, proofOf()), 'app-1', 'the key is known by now');
  assert.equal(await judge(world, proofOf(), { scheme: 'dpop' }), 'app-1');
});

test('every algorithm that is told to callers proves', async () => {
  for (const by of [holder, signerOf(undefined, 'EdDSA')]) {
    const bound = tokenOf({ cnf: { jkt: await calculateJwkThumbprint(by.jwk) } });
    const ath = hash('sha256', bound, 'base64url');
    assert.equal(await judge(worldWith(), proofOf({ ath }, {}, by), { token: bound }), 'app-1');
  }
});

test('a bound token without its proof, and a proof without a bound token, are refused', async () => {
  assert.equal(await judge(worldWith(), null), 'proof-missing');
  assert.equal(await judge(worldWith(), proofOf(), { scheme: 'Bearer' }), 'proof-missing');
  assert.equal(await judge(worldWith(), proofOf(), { token: tokenOf() }), 'not-bound');
  assert.equal(await judge(worldWith(), [proofOf(), proofOf()]), 'proof-unreadable');
  const both = tokenOf({ cnf: { jkt, 'x5t#S256': 'x' } });
  assert.equal(await judge(worldWith(), proofOf(), { token: both }), 'credentials_invalid');
});

test('a proof for something else is refused', async () => {
  const other = signerOf(undefined);
  const REFUSED: readonly (readonly [string, string])[] = [
    [proofOf({ htm: 'POST' }), 'proof-method'],
    [proofOf({ htm: 'get' }), 'proof-method'],
    [proofOf({ htu: 'https://api.example/other' }), 'proof-address'],
    [proofOf({ htu: 'http://api.example/' }), 'proof-address'],
    [proofOf({ htu: 'https://api.example:8443/' }), 'proof-address'],
    [proofOf({ htu: 'https://api.example.evil/' }), 'proof-address'],
    [proofOf({ htu: 'https://user@api.example/' }), 'proof-address'],
    [proofOf({ htu: '/' }), 'proof-address'],
    [proofOf({ htu: undefined }), 'proof-address'],
    [proofOf({ ath: hash('sha256', `${token}x`, 'base64url') }), 'proof-of-another-token'],
    [proofOf({ ath: undefined }), 'proof-of-another-token'],
    [proofOf({ iat: NOW - 60 }), 'proof-time'],
    [proofOf({ iat: NOW + 31 }), 'proof-time'],
    [proofOf({ iat: `${NOW}` }), 'proof-time'],
    [proofOf({ iat: undefined }), 'proof-time'],
    [proofOf({ jti: '' }), 'proof-id'],
    [proofOf({ jti: 7 }), 'proof-id'],
    [proofOf({ jti: 'x'.repeat(257) }), 'proof-id'],
    [proofOf({}, { typ: 'JWT' }), 'proof-type'],
    [proofOf({}, { typ: undefined }), 'proof-type'],
    [proofOf({}, { alg: 'none' }), 'proof-algorithm'],
    [proofOf({}, { alg: 'HS256' }), 'proof-algorithm'],
    [proofOf({}, { alg: 'RS256' }), 'proof-algorithm'],
    [proofOf({}, { crit: ['x'] }), 'proof-extension'],
    [proofOf({}, { jwk: undefined }), 'proof-key'],
    [proofOf({}, { jwk: { ...holder.jwk, d: 'AAAA' } }), 'proof-key-private'],
    [proofOf({}, { jwk: { kty: 'oct', k: 'AAAA' } }), 'proof-key-private'],
    [proofOf({}, {}, other), 'proof-of-another-key'],
    [proofOf({}, { jwk: holder.jwk }, other), 'proof-forged'],
    [proofOf({}, { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } }), 'proof-of-another-key'],
    ['x', 'proof-not-a-jwt'],
    [`${proofOf()}.x`, 'proof-not-a-jwt'],
    [proofOf({ padding: 'x'.repeat(4_096) }), 'proof-too-long'],
  ];
  for (const [proof, reason] of REFUSED) {
    assert.equal(await judge(worldWith(), proof), reason, proof);
  }
});

test('the same address in other words is the same', async () => {
  for (const [htu, path] of [
    ['https://API.example:443/', '/'],
    ['https://api.example', '/'],
    ['https://api.example/?a=1#b', '/'],
    ['https://api.example/a/../b', '/b'],
    ['https://api.example/%7Ea/%c3%a9', '/~a/%C3%A9'],
  ] as const) {
    assert.equal(await judge(worldWith(), proofOf({ htu }), { path }), 'app-1', htu);
  }
});

test('a forged proof is refused also where the key is known', async () => {
  const world = worldWith();
  assert.equal(await judge(world, proofOf()), 'app-1');
  const other = signerOf(undefined);
  assert.equal(await judge(world, proofOf({}, { jwk: holder.jwk }, other)), 'proof-forged');
  const [head = '', claims = '', signature = ''] = proofOf().split('.');
  const bytes = Buffer.from(signature, 'base64url');
  for (const at of [0, 31, 32, 63]) {
    const bent = Buffer.from(bytes);
    bent[at] = (bent[at] ?? 0) ^ 1;
    const proof = [head, claims, bent.toString('base64url')].join('.');
    assert.equal(await judge(world, proof), 'proof-forged');
  }
});

test('where proofs cannot be remembered, none counts', async () => {
  assert.equal(await judge(new World(), proofOf()), 'proofs-not-remembered');
  const full = worldWith({ showProof: () => 'full' } as never);
  assert.equal(await judge(full, proofOf()), 'proofs-overflow');
});

test('machines that share what was shown are asked, and waited for', async () => {
  const world = worldWith({ showProof: async () => 'again' } as never);
  assert.equal(await judge(world, proofOf()), 'proof-shown-before');
});

test('an operation with two schemes that take tokens counts one proof once', async () => {
  const world = worldWith();
  const identify = identifyWith(world, [{ oauth: [] }, { bearer: [] }]);
  const request = call(proofOf());
  assert.equal(outcomeOf(await identify(request)), 'app-1');
  assert.equal(outcomeOf(await identify({ ...request })), 'proof_invalid', 'another call');
});

test('who shows a proof that does not hold is told so by its own scheme', async () => {
  const identification = await identifyWith(worldWith(), [{ oauth: ['read'] }])(
    call(proofOf({ htm: 'POST' })),
  );
  assert.ok(identification.kind === 'deny');
  assert.deepEqual(identification.answerHeaders, [
    'www-authenticate',
    'DPoP realm="bank", error="invalid_dpop_proof", error_description="The token is bound to a key, and the proof of it does not hold", scope="read", algs="ES256 EdDSA PS256"',
  ]);
});

test('whatever stands in the field, it is refused and nothing throws', async () => {
  const world = worldWith();
  const anything = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc
      .tuple(fc.json(), fc.json(), fc.string())
      .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
    fc
      .record({
        typ: fc.constantFrom('dpop+jwt', 'x'),
        alg: fc.constantFrom('ES256', 'EdDSA', 'none', 1),
        jwk: fc.oneof(fc.constant(holder.jwk), fc.object(), fc.constant(null)),
      })
      .map((header) => proofOf({}, header as Record<string, unknown>, signerOf(undefined))),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (proof) => {
      const identification = await identifyWith(world, [{ oauth: [] }])(call(proof));
      assert.equal(outcomeOf(identification), 'proof_invalid');
    }),
    { numRuns: 300 },
  );
});

test('a certificate shown beside proves nothing for a token that is bound to a key', async () => {
  const clientCertificate = { thumbprint: jkt } as ClientCertificate;
  const request = { ...call(null, { scheme: 'Bearer' }), clientCertificate };
  const identification = await identifyWith(worldWith(), [{ oauth: [] }])(request);
  assert.equal(outcomeOf(identification), 'proof_invalid');
});
