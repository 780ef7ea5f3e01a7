import { z } from 'zod';

const CLAIM_FORMS = 'by name, dotted path (a.b) or pointer (/a/b)';

const claim = z
  .string()
  .min(1)
  .max(300)
  .refine((place) => !/(^\.|\.$|\.\.)/.test(place), 'has an empty step between its dots');

const introspection = z
  .strictObject({
    url: z.string().min(1).describe('Its introspection endpoint: https, or this machine.'),
    clientId: z.string().min(1).max(1_000).describe('As whom the gate asks.'),
    clientSecret: z
      .string()
      .regex(/^(?:env|file):./, 'is not env:NAME or file:PATH')
      .optional()
      .describe('env:NAME or file:PATH: sent by HTTP Basic (client_secret_basic).'),
    clientKey: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Instead of a secret, a PEM file: the private key that signs who asks (private_key_jwt); EC P-256, Ed25519 or RSA.',
      ),
    clientKeyId: z.string().min(1).max(200).optional().describe('`kid` of that key.'),
    tokenPrefix: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9._~+/-]*$/, 'has characters that no token has')
      .default('')
      .describe(
        'Only tokens that begin so are asked about here; needed where several issuers have introspection, since a token is never shown to another.',
      ),
    cacheSeconds: z
      .int()
      .min(0)
      .max(60)
      .default(10)
      .describe(
        'So long an answer counts, and never beyond `exp`: a token that its issuer took back is refused within this. That one is not good counts for 2 s at most.',
      ),
    timeoutMs: z
      .int()
      .min(50)
      .max(10_000)
      .default(2_000)
      .describe('For a whole answer; then the call is refused with 503.'),
    newTokensPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe(
        'Questions about tokens that were never good, so that whoever invents tokens floods nobody; beyond it, such a token is refused with 503.',
      ),
  })
  .refine(
    ({ clientSecret, clientKey }) => (clientSecret === undefined) !== (clientKey === undefined),
    { message: 'needs exactly one of clientSecret and clientKey' },
  )
  .refine(({ clientKey, clientKeyId }) => clientKey !== undefined || clientKeyId === undefined, {
    message: 'names a key that is not there: clientKey is missing',
    path: ['clientKeyId'],
  });

export const trustedIssuer = z.strictObject({
  issuer: z.string().min(1).describe('Exactly the `iss` of its tokens.'),
  audience: z.union(
    [
      z
        .string()
        .min(1)
        .transform((one) => [one]),
      z.array(z.string().min(1)).min(1),
    ],
    { error: 'is neither a text nor a list of texts, with at least one that is not empty' },
  ),
  jwks: z
    .string()
    .optional()
    .describe(
      'URL or file: of its keys; default: found by discovery. none: it signs no tokens, and is asked about all (introspection).',
    ),
  introspection: introspection
    .optional()
    .describe(
      'Tokens that are no JWT are asked about at their issuer (RFC 7662), and held to all that is asked of its JWTs.',
    ),
  algorithms: z
    .array(
      z.enum([
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
        'ES256',
        'ES384',
        'ES512',
        'EdDSA',
        'Ed25519',
      ]),
    )
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
    .describe('Signature algorithms accepted.'),
  clockSkewSeconds: z.int().min(0).max(300).default(30).describe('Tolerated difference of clocks.'),
  rolesClaim: claim.optional().describe(`Claim that lists roles, ${CLAIM_FORMS}; default: roles.`),
  scopesClaim: claim
    .optional()
    .describe(`Claim that lists scopes, ${CLAIM_FORMS}; default: scope, else scp.`),
  audienceClaim: claim
    .optional()
    .describe(
      `Claim that must name an audience where tokens carry no aud, such as client_id or azp, ${CLAIM_FORMS}. An aud that is there must name one too.`,
    ),
  nonce: z
    .enum(['refuse', 'accept'])
    .default('refuse')
    .describe(
      'Tokens with `nonce`, which marks ID tokens. Accepted ones must show by scopes, or by `typ` or `token_use`, that they are access tokens.',
    ),
});
