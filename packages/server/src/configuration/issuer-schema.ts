import { networkListsSchema } from '@poorter/engine/configuration';
import { z } from 'zod';
import { originFault } from './addresses.ts';
import { directories } from './directories-schema.ts';
import { federation } from './federation-schema.ts';
import { mail } from './mail-schema.ts';
import { address, file, NOT_A_URL, url } from './schema-values.ts';

/** Loopback alone is trusted without TLS: browsers call it a secure context too. */
const SECURE_ORIGIN = /^https:|^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::|\/|$)/;

const origin = url
  .refine((text) => originFault(text) === null, {
    error: ({ input }) => originFault(String(input)) ?? NOT_A_URL,
  })
  .refine((text) => SECURE_ORIGIN.test(text), {
    error: 'is neither https nor on this machine: tokens and passwords would travel in clear',
  })
  .transform((text) => new URL(text).origin);

/** RFC 8705 §5: asked for a certificate, browsers would show a dialog to everybody. */
const certificates = z.strictObject({
  origin: origin.describe('Origin under which clients that show a certificate reach it.'),
  address: address.describe('host:port where it listens.'),
  certificate: file.describe('PEM file: certificate and its chain.'),
  key: file.describe('PEM file: private key, as PATH or file:PATH.'),
  authorities: z
    .array(file)
    .default([])
    .describe(
      'PEM files of the authorities that sign certificates of clients; without them, only certificates that a client has registered itself.',
    ),
});

const names = z.array(z.string().min(1).max(200)).max(1000).default([]);

/** A directory of those who may call, or another authority. */
const statements = z.strictObject({
  issuer: z.string().min(1).max(2_000).describe('The `iss` of its statements, to the letter.'),
  keys: file.describe('Its public keys, a JWK set.'),
  profile: z
    .enum(['browser', 'native', 'machine', 'fapi2'])
    .describe('What kind of program registers by one.'),
  flows: z
    .array(z.enum(['redirect', 'embedded', 'decoupled', 'device', 'exchange']))
    .max(5)
    .optional()
    .describe('How people say yes to what comes of one, at most; default: redirect.'),
  scopes: names.describe('What a client that comes of one may ask for at most.'),
  detailTypes: names.describe('Kinds of authorization details that it may ask for.'),
  clients: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('So many clients come of its statements at most.'),
});

/** Our own authorization server: OAuth 2.1 and OpenID Connect, on an origin of its own. */
export const issuer = z.strictObject({
  origin: origin.describe(
    'Origin under which people and applications reach it; the `iss` of its tokens.',
  ),
  address: address.default('127.0.0.1:9091').describe('host:port where it listens.'),
  insecure: z
    .boolean()
    .default(false)
    .describe('Allow plain HTTP on an address that is not loopback.'),
  tls: z
    .strictObject({
      certificate: file.describe('PEM file: certificate and its chain.'),
      key: file.describe('PEM file: private key, as PATH or file:PATH.'),
    })
    .optional(),
  mtls: certificates
    .optional()
    .describe('A second listener, for clients that show a certificate (RFC 8705).'),
  detailTypes: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9._:/-]{0,199}$/, 'is no name of a type'),
      z.strictObject({
        schema: file.describe('JSON Schema of the details, as JSON or YAML.'),
        titles: z
          .partialRecord(z.enum(['en', 'nl', 'fr', 'de']), z.string().min(1).max(100))
          .refine((titles) => titles.en !== undefined, 'has no title in English (en)')
          .describe('What people read above such details, by language; at least `en`.'),
        signed: z
          .boolean()
          .default(false)
          .describe(
            'People say yes with a passkey over just these details, and what they allow is good for one call.',
          ),
      }),
    )
    .default({})
    .describe(
      'Kinds of authorization details (RFC 9396) of your own, besides account_information and payment_initiation.',
    ),
  outgoing: z
    .strictObject({
      addresses: networkListsSchema.shape.allow.describe(
        'Networks of your own where clients have addresses: for their keys, and for notices of decisions and sign-outs. Others are called at public addresses only.',
      ),
      authorities: z
        .array(file)
        .default([])
        .describe('PEM files of authorities that sign the certificates of such addresses.'),
    })
    .prefault({}),
  mail: mail
    .optional()
    .describe('How people are told what happened to their account; without it they are not.'),
  limit: z
    .strictObject({
      requests: z.int().min(1).max(1_000_000).describe('Requests per period, refilled evenly.'),
      per: z.enum(['second', 'minute', 'hour']).describe('The period.'),
      burst: z
        .int()
        .min(1)
        .max(1_000_000)
        .describe('Requests at once. Default: `requests`.')
        .optional(),
    })
    .default({ requests: 600, per: 'minute', burst: 200 })
    .describe(
      'What one address may ask of it (IPv6 by /64). A site through whose server many people sign in needs more.',
    ),
  passwords: z
    .boolean()
    .default(false)
    .describe(
      'People may sign in with a password and a code from an app, beside passkeys. Neither counts alone.',
    ),
  applications: z
    .strictObject({
      android: z
        .array(
          z.strictObject({
            package: z
              .string()
              .regex(/^[A-Za-z]\w*(?:\.[A-Za-z]\w*)+$/, 'is no name of a package')
              .max(200)
              .describe('Such as com.bank.app.'),
            certificates: z
              .array(
                z
                  .string()
                  .regex(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/, 'is no SHA-256 as keytool prints it'),
              )
              .min(1)
              .max(8)
              .describe(
                'SHA-256 of the certificates that it is signed with, as keytool prints them.',
              ),
          }),
        )
        .max(16)
        .default([])
        .describe('Applications for Android.'),
      apple: z
        .array(
          z
            .string()
            .regex(/^[A-Z0-9]{10}\.[A-Za-z0-9][A-Za-z0-9.-]{0,154}$/, 'is no TEAMID.bundle.name'),
        )
        .max(16)
        .default([])
        .describe('Applications for iOS and macOS, each as TEAMID.bundle.name.'),
    })
    .prefault({})
    .describe(
      'Applications of yours that may ask people for their passkeys of this server (the embedded flow): it says so to their systems, at /.well-known/assetlinks.json and /.well-known/apple-app-site-association.',
    ),
  federation,
  directories,
  sessions: z
    .strictObject({
      idleMinutes: z
        .int()
        .min(5)
        .max(480)
        .default(30)
        .describe(
          'A session about which no gate asks for so long ends; a gate asks at its first call, and again after cacheSeconds.',
        ),
      lifeHours: z
        .int()
        .min(1)
        .max(8)
        .default(8)
        .describe('It ends after so long, whatever it calls.'),
      cacheSeconds: z
        .int()
        .min(0)
        .max(240)
        .default(60)
        .describe(
          'How long a gate goes by what it was told of a session, also while this server is away. What is taken back counts at once all the same.',
        ),
    })
    .prefault({})
    .describe('Sessions that browsers have at the gate, for APIs that offer the flow session.'),
  tokens: z
    .strictObject({
      lifeSeconds: z
        .int()
        .min(30)
        .max(300)
        .default(300)
        .describe('How long an access token is good for.'),
      algorithm: z
        .enum(['ES256', 'EdDSA'])
        .default('ES256')
        .describe('What access tokens are signed with.'),
      requireProofNonce: z
        .boolean()
        .default(false)
        .describe(
          'Proofs of possession (DPoP) carry a nonce of this server, so that none can be made beforehand; costs clients a second request now and then.',
        ),
    })
    .prefault({}),
  registration: z
    .strictObject({
      unusedDays: z
        .int()
        .min(1)
        .max(90)
        .default(14)
        .describe('A client that registered itself and was given no token for so long ends.'),
      statements: z
        .array(statements)
        .max(20)
        .default([])
        .describe(
          'Who is believed that signs software statements (RFC 7591, section 2.3): whoever shows one registers without an invitation.',
        ),
    })
    .optional()
    .describe(
      'Clients may register and manage themselves (RFC 7591, RFC 7592), each by a token of `poorter clients invite`; without it, operators make clients.',
    ),
  keys: z
    .strictObject({
      rotateAfterDays: z
        .int()
        .min(1)
        .max(365)
        .default(30)
        .describe('A signing key this old is followed by another.'),
    })
    .prefault({}),
});
