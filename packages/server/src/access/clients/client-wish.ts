import type { JSONWebKeySet, JWK } from 'jose';
import type { Contract } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import { judgeClient } from './client-profiles.ts';
import type { ClientAuthentication, ClientTerms } from './client-terms.ts';

/** Throws AdminProblem: what is not of its profile, with every reason. */
export function clientTermsOf(wish: Contract.ClientTerms): ClientTerms {
  const isBound = wish.profile === 'machine' || wish.profile === 'fapi2';
  const terms: ClientTerms = {
    ...{ name: wish.name, profile: wish.profile },
    authentication: authenticationOf(wish.authentication),
    binding: wish.binding ?? (isBound ? 'dpop' : 'none'),
    redirectUris: wish.redirectUris ?? [],
    postLogoutRedirectUris: wish.postLogoutRedirectUris ?? [],
    logoutNoticeUri: wish.logoutNoticeUri ?? null,
    decisionNoticeUri: wish.decisionNoticeUri ?? null,
    flows: wish.flows ?? (wish.profile === 'machine' ? [] : ['redirect']),
    page: wish.page ?? null,
    scopes: wish.scopes ?? [],
    detailTypes: wish.detailTypes ?? [],
    messageSigning: wish.messageSigning ?? false,
    idTokenAlgorithm: wish.idTokenAlgorithm ?? 'ES256',
    accepts: wish.accepts ?? [],
  };
  const { faults, unaccepted } = judgeClient(terms);
  const weaker = unaccepted.map(
    (weakness) => `weaker than ${terms.profile}: ${weakness}; say so in accepts, or mend it`,
  );
  const reasons = [...faults, ...weaker];
  if (reasons.length > 0) {
    throw new AdminProblem('value_not_acceptable', { reason: reasons.join('; ') });
  }
  return terms;
}

const RSA_BITS_MIN = 2048;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function authenticationOf(wish: Contract.ClientAuthentication): ClientAuthentication {
  const { method, jwks, jwksUri, subject } = wish;
  const given = Object.keys(wish).filter((name) => name !== 'method');
  const only = (...names: readonly string[]) => {
    const isRight = given.length === 1 && names.includes(given[0] as string);
    if (!isRight)
      refuse(`authentication: ${method} has ${names.join(' or ')}, and nothing besides`);
  };
  switch (method) {
    case 'none':
    case 'secret':
      if (given.length > 0) refuse(`authentication: ${method} has nothing besides`);
      return { method };
    case 'certificate':
      only('subject');
      return { method, subject: subject as NonNullable<typeof subject> };
    case 'private_key_jwt':
    case 'self_signed_certificate':
      only('jwks', 'jwksUri');
      if (jwksUri !== undefined) return { method, keys: { uri: jwksUri } };
      return { method, keys: { jwks: publicKeys(jwks as NonNullable<typeof jwks>) } };
    default:
      return method satisfies never;
  }
}

function publicKeys(jwks: Contract.KeySet): JSONWebKeySet {
  for (const key of jwks.keys as readonly object[]) {
    if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name))) {
      refuse(
        'authentication: jwks holds a private or a secret key, which nobody else may have: make another',
      );
    }
    if (!Object.hasOwn(key, 'kty')) refuse('authentication: jwks holds something that is no key');
    if (isShort(key as JWK)) {
      refuse(`authentication: jwks holds an RSA key of less than ${RSA_BITS_MIN} bits`);
    }
  }
  return jwks as unknown as JSONWebKeySet;
}

/** FAPI 2.0 §5.4; RFC 7518 §3.5 for anybody. Other kinds of keys that are taken have one length each. */
function isShort({ kty, n }: JWK): boolean {
  if (kty !== 'RSA') return false;
  const modulus = Buffer.from(String(n ?? ''), 'base64url').toString('hex');
  const bits = BigInt(`0x0${modulus}`).toString(2).length;
  return !(bits >= RSA_BITS_MIN);
}

function refuse(reason: string): never {
  throw new AdminProblem('value_not_acceptable', { reason });
}
