import { z } from 'zod';

const CLAIM_FORMS = 'by name, dotted path (a.b) or pointer (/a/b)';

const claim = z
  .string()
  .min(1)
  .max(300)
  .refine((place) => !/(^\.|\.$|\.\.)/.test(place), 'has an empty step between its dots');

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
  jwks: z.string().optional().describe('URL or file: of its keys; default: found by discovery.'),
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
