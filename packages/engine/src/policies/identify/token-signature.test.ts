import assert from 'node:assert/strict';
import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
} from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { compactVerify, createLocalJWKSet, type JWK } from 'jose';
import type { TrustedIssuer } from '../../identity.ts';
import {
  bearer,
  claimsOf,
  encoded,
  ISSUER,
  type Signer,
  trustedIssuer,
  World,
} from './identify.fixture.ts';
import { quickCheck } from './token-signature.ts';
import { TokenVerifier } from './token-verifier.ts';

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;
type Algorithm = (typeof ALGORITHMS)[number];
const QUICK: readonly Algorithm[] = ALGORITHMS.filter((name) => !['ES384', 'ES512'].includes(name));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const edwards = generateKeyPairSync('ed25519');
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const curves = { ES256: curve('P-256'), ES384: curve('P-384'), ES512: curve('P-521') };

function pairOf(algorithm: Algorithm): KeyPair {
  if (algorithm in curves) return curves[algorithm as keyof typeof curves];
  return algorithm.startsWith('Ed') ? edwards : rsa;
}

function signerWith(algorithm: Algorithm, kid: string, pair = pairOf(algorithm)): Signer {
  return {
    alg: algorithm,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid } as JWK,
    sign: (header, claims) => {
      const input = `${encoded(header)}.${encoded(claims)}`;
      const hash = algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(-3)}`;
      const pss = {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
      const key: SignKeyObjectInput = {
        ...{ key: pair.privateKey, dsaEncoding: 'ieee-p1363' },
        ...(algorithm.startsWith('PS') && pss),
      };
      return `${input}.${sign(hash, Buffer.from(input), key).toString('base64url')}`;
    },
  };
}

const tokenBy = (signer: Signer, claims = {}) =>
  signer.sign({ alg: signer.alg, kid: signer.jwk.kid }, claimsOf(claims));

const issuer: TrustedIssuer = { ...trustedIssuer, algorithms: [...ALGORITHMS] };

/** A verifier that has met the key, and so verifies at once where it can. */
async function met(signer: Signer): Promise<TokenVerifier> {
  const world = new World();
  world.trusted = [issuer];
  world.keySets = { [ISSUER]: { jwks: { keys: [signer.jwk] }, generation: 1 } };
  const verifier = new TokenVerifier(world);
  assert.equal((await ask(verifier, tokenBy(signer))).kind, 'accepted');
  await turn();
  return verifier;
}

const ask = (verifier: TokenVerifier, token: string) =>
  verifier.authenticate(token, bearer(token), () => true);

test('the second token of a key is verified at once, but for the curves that take long', async () => {
  for (const algorithm of ALGORITHMS) {
    const signer = signerWith(algorithm, 'k');
    const verifier = await met(signer);
    const begun = ask(verifier, tokenBy(signer, { jti: 'another' }));
    assert.equal(begun instanceof Promise, !QUICK.includes(algorithm), algorithm);
    assert.equal((await begun).kind, 'accepted', algorithm);
  }
});

test('verified at once or by the library, a token is good or a forgery all the same', async () => {
  for (const algorithm of QUICK) {
    const signer = signerWith(algorithm, 'k');
    const verifier = await met(signer);
    const resolve = createLocalJWKSet({ keys: [signer.jwk] });
    const others = ALGORITHMS.filter((name) => name !== algorithm).map((name) =>
      signerWith(name, 'k'),
    );
    const pair = algorithm.startsWith('RS') || algorithm.startsWith('PS') ? otherRsa : undefined;
    const stranger = signerWith(algorithm, 'k', pair);
    const forms: fc.Arbitrary<string> = fc.oneof(
      fc.nat(1_000_000).map((number) => tokenBy(signer, { jti: `t${number}` })),
      // Another key, and another algorithm under this one's name.
      fc.nat(1_000).map((number) => tokenBy(stranger, { jti: `s${number}` })),
      fc
        .tuple(fc.constantFrom(...others), fc.nat(1_000))
        .map(([other, number]) =>
          other.sign({ alg: algorithm, kid: 'k' }, claimsOf({ jti: `o${number}` })),
        ),
      fc
        .tuple(fc.nat(1_000_000), fc.nat(), fc.nat(7))
        .map(([number, at, bit]) => flipped(tokenBy(signer, { jti: `f${number}` }), at, bit)),
      fc
        .tuple(fc.nat(1_000_000), fc.nat(400))
        .map(([number, length]) => cut(tokenBy(signer, { jti: `c${number}` }), length)),
    );
    await fc.assert(
      fc.asyncProperty(forms, async (token) => {
        const found = ask(verifier, token);
        const verdict = await found;
        let isGood = true;
        try {
          await compactVerify(token, resolve, { algorithms: [algorithm] });
        } catch {
          isGood = false;
        }
        assert.equal(verdict.kind === 'accepted', isGood, token);
      }),
      { numRuns: 60 },
    );
  }
});

/** One bit of its signature. */
function flipped(token: string, at: number, bit: number): string {
  const end = token.lastIndexOf('.') + 1;
  const bytes = Buffer.from(token.slice(end), 'base64url');
  const place = at % bytes.length;
  bytes[place] = (bytes[place] as number) ^ (1 << bit);
  return token.slice(0, end) + bytes.toString('base64url');
}

function cut(token: string, length: number): string {
  const end = token.lastIndexOf('.') + 1;
  const bytes = Buffer.from(token.slice(end), 'base64url');
  return (
    token.slice(0, end) +
    bytes.subarray(0, Math.max(1, length % bytes.length)).toString('base64url')
  );
}

test('a key that was withdrawn, or replaced under its name, verifies nothing at once', async () => {
  const signer = signerWith('ES256', 'k');
  const world = new World();
  world.trusted = [issuer];
  world.keySets = { [ISSUER]: { jwks: { keys: [signer.jwk] }, generation: 1 } };
  const verifier = new TokenVerifier(world);
  await ask(verifier, tokenBy(signer));
  await turn();
  assert.ok(!(ask(verifier, tokenBy(signer, { jti: '2' })) instanceof Promise));
  const next = signerWith('ES256', 'k', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  world.keySets = { [ISSUER]: { jwks: { keys: [next.jwk] }, generation: 2 } };
  assert.equal((await ask(verifier, tokenBy(signer, { jti: '3' }))).kind, 'rejected');
  assert.equal((await ask(verifier, tokenBy(next, { jti: '4' }))).kind, 'accepted');
  world.keySets = { [ISSUER]: { jwks: { keys: [] }, generation: 3 } };
  assert.equal((await ask(verifier, tokenBy(next, { jti: '5' }))).kind, 'rejected');
});

test('two keys of one name are never told apart at once', async () => {
  const one = signerWith('RS256', 'k');
  const other = signerWith('RS256', 'k', otherRsa);
  const world = new World();
  world.trusted = [issuer];
  world.keySets = { [ISSUER]: { jwks: { keys: [one.jwk, other.jwk] }, generation: 1 } };
  const verifier = new TokenVerifier(world);
  for (const signer of [one, other, one, other]) {
    const begun = ask(verifier, tokenBy(signer, { jti: String(Math.random()) }));
    assert.ok(begun instanceof Promise);
    assert.equal((await begun).kind, 'accepted');
    await turn();
  }
});

test('what is no public key for an algorithm is left to the library', async () => {
  const imported = async (
    algorithm: object,
    jwk: JWK,
    usages: ('verify' | 'sign')[] = ['verify'],
  ) => crypto.subtle.importKey('jwk', jwk as never, algorithm as never, true, usages);
  const jwkOf = (pair: KeyPair) => pair.publicKey.export({ format: 'jwk' }) as JWK;
  const rs256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const key = await imported(rs256, jwkOf(rsa));
  assert.ok(quickCheck('RS256', key) !== null);
  for (const other of ALGORITHMS.filter((name) => name !== 'RS256')) {
    assert.equal(quickCheck(other, key), null, other);
  }
  for (const name of ['HS256', 'none', 'constructor', '', 'rs256']) {
    assert.equal(quickCheck(name, key), null, name);
  }
  assert.equal(quickCheck('RS256', await imported(rs256, jwkOf(shortRsa))), null);
  const p384 = await imported({ name: 'ECDSA', namedCurve: 'P-384' }, jwkOf(curves.ES384));
  assert.equal(quickCheck('ES256', p384), null);
  const secret = rsa.privateKey.export({ format: 'jwk' }) as JWK;
  assert.equal(quickCheck('RS256', await imported(rs256, secret, ['sign'])), null);
  assert.equal(quickCheck('RS256', rsa.publicKey), null);
});
