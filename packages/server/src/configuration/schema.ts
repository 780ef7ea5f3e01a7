import {
  concurrencySchema,
  limitSchema,
  networkListsSchema,
  quotaSchema,
} from '@poorter/engine/configuration';
import { z } from 'zod';
import { originFault } from './addresses.ts';
import { api } from './api-schema.ts';
import { issuer } from './issuer-schema.ts';
import { address, bytes, clientTls, file, milliseconds, NOT_A_URL, url } from './schema-values.ts';
import { trustedIssuer } from './trusted-issuer-schema.ts';

const listenerTls = z.strictObject({
  certificate: file.describe('PEM file: certificate and its chain.'),
  key: file.describe('PEM file: private key, as PATH or file:PATH.'),
  minVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .default('TLSv1.3')
    .describe('Lowest protocol version accepted.'),
  clientCertificate: z
    .enum(['none', 'request', 'require'])
    .default('none')
    .describe('Whether callers are asked for a certificate, and refused without one.'),
  clientAuthorities: z
    .array(file)
    .default([])
    .describe('PEM files of the authorities that sign client certificates.'),
});

const listener = z.strictObject({
  address: address.describe('host:port to listen on.'),
  insecure: z
    .boolean()
    .default(false)
    .describe('Allow plain HTTP on an address that is not loopback.'),
  tls: listenerTls.optional(),
});

const bounds = z.strictObject({
  headerBytes: bytes.default(16_384).describe('Whole header section of a request.'),
  headerCount: z.int().min(1).max(1000).default(100).describe('Header fields in a request.'),
  targetBytes: bytes.default(8_192).describe('Path and query of a request.'),
  bodyBytes: bytes.default(1_048_576).describe('Largest request body that is validated.'),
  answerBytes: bytes.default(4_194_304).describe('Largest answer that is validated.'),
  jsonDepth: z.int().min(1).max(1000).default(64).describe('Nesting of JSON bodies.'),
  jsonItems: z.int().min(1).default(100_000).describe('Members of one object, items of one array.'),
  jsonStringLength: z.int().min(1).default(1_048_576).describe('Longest string in a JSON body.'),
  memoryBytes: bytes
    .default(268_435_456)
    .describe('All bodies in memory at once, all threads together.'),
  concurrentCalls: z
    .int()
    .min(1)
    .default(2_048)
    .describe('Calls under way at once, all threads together.'),
  connectionsPerThread: z
    .int()
    .min(1)
    .default(10_000)
    .describe('Open connections per gateway thread.'),
});

const timeouts = z.strictObject({
  headMs: milliseconds.default(10_000).describe('For a whole request head to arrive.'),
  bodyIdleMs: milliseconds.default(15_000).describe('Between two pieces of a request body.'),
  bodyBytesPerSecondMin: z
    .int()
    .min(0)
    .default(512)
    .describe('Slowest request body, after a grace of ten seconds.'),
  answerIdleMs: milliseconds
    .default(60_000)
    .describe('A caller that takes nothing of its answer for this long is cut off.'),
  keepAliveMs: milliseconds.default(65_000).describe('Idle connections are kept this long.'),
  drainMs: milliseconds
    .default(30_000)
    .describe('Calls under way may take this long after SIGTERM.'),
});

const failureBudget = z.strictObject({
  failures: z.int().min(1).describe('Cost units; a malformed call costs 1, a wrong credential 10.'),
  per: z.enum(['second', 'minute', 'hour']).default('minute'),
});

const forwardAuth = z.strictObject({
  address: address.describe('host:port where the proxy asks.'),
  for: z.enum(['nginx', 'traefik', 'caddy']).describe('Whose headers and status codes are spoken.'),
  allowUnseenBodies: z
    .boolean()
    .default(false)
    .describe('Let operations with a body pass although this host cannot see it.'),
});

const COUNTERS_FORMS =
  'valkey://… or valkeys://… (redis://… and rediss://… are the same), env:NAME or file:PATH';

const countersUrl = z
  .string()
  .regex(/^(?:valkeys?|rediss?):\/\/|^(?:env|file):./, `is not ${COUNTERS_FORMS}`);

const sharedCounters = z.strictObject({
  url: countersUrl.describe(
    'valkey:// or valkeys:// (TLS); with a password: env:NAME or file:PATH.',
  ),
  machines: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe('Gateways that divide each limit among them while the shared counters are away.'),
  timeoutMs: z
    .int()
    .min(5)
    .max(5_000)
    .default(100)
    .describe('A call waits this long for its count; then this machine counts its share.'),
  tls: clientTls('counters', 'Name sent as SNI and verified; default: the host of the address.')
    .optional()
    .describe('Whom a valkeys:// connection trusts, and what it shows.'),
});

const linkCredentials = {
  certificate: file.describe('PEM file: certificate of this machine and its chain.'),
  key: file.describe('PEM file: its private key, as PATH or file:PATH.'),
  authorities: z
    .array(file)
    .min(1)
    .describe('PEM files of the authorities that sign the certificates of the other machines.'),
};

/** The whole configuration of a machine that runs `poorter serve --role gateway`. */
export const gatewayConfigurationSchema = z.strictObject({
  link: z.strictObject({
    control: address.describe('host:port of the control machine; its certificate must carry host.'),
    ...linkCredentials,
  }),
  listen: z
    .array(z.strictObject({ address: address.describe('host:port to listen on.') }))
    .max(16)
    .optional()
    .describe("Instead of the addresses of control's listeners, in their order."),
  gateway: z
    .strictObject({
      threads: z
        .int()
        .min(1)
        .max(64)
        .optional()
        .describe('Default: one per core, and one fewer on machines of up to four.'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({ drainMs: milliseconds.default(30_000).describe('After SIGTERM.') })
    .prefault({}),
  dataDirectory: file.default('./poorter-gateway').describe('Local files: spool and lock.'),
});

export type GatewayConfiguration = z.output<typeof gatewayConfigurationSchema>;

/** poorter.yaml. Strict: an unknown key stops the start. */
export const configurationSchema = z.strictObject({
  listen: z
    .array(listener)
    .max(16)
    .prefault([{ address: '127.0.0.1:8080' }]),
  control: z
    .strictObject({
      address: address.default('127.0.0.1:9090').describe('host:port where operators connect.'),
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
    })
    .prefault({})
    .describe('Operators: health, metrics and the admin API.'),
  apis: z.array(api).min(1).max(100),
  issuer: issuer
    .optional()
    .describe('Our own authorization server; without it, tokens come from others alone.'),
  keys: file
    .optional()
    .describe('Key file (poorter keys create); default: keys.yaml in the data directory.'),
  keyRotation: z
    .strictObject({
      warnAfterDays: z
        .int()
        .min(1)
        .max(3_650)
        .optional()
        .describe('A managed key this old is due.'),
      refuseAfterDays: z
        .int()
        .min(1)
        .max(3_650)
        .optional()
        .describe('A managed key this old is refused.'),
    })
    .prefault({})
    .describe('How old a managed key may grow before it is rotated.'),
  trust: z
    .strictObject({
      issuers: z.array(trustedIssuer).max(32).default([]).describe('Whose tokens are accepted.'),
      revoked: z
        .array(z.string().min(1))
        .max(100_000)
        .default([])
        .describe(
          'Refused from the next version on, whatever they carry: key ids, token ids (jti), clients, subjects, certificate thumbprints.',
        ),
      proxies: networkListsSchema.shape.allow.describe(
        'Whose X-Forwarded-For, -Proto, -Host and Forwarded are believed; they must write or remove each of these.',
      ),
    })
    .prefault({}),
  network: networkListsSchema.prefault({}),
  limits: z
    .strictObject({
      default: limitSchema.optional().describe('Rate limits of every operation that sets none.'),
      quota: quotaSchema.optional(),
      concurrency: concurrencySchema.optional(),
      failures: z
        .union([failureBudget, z.literal('off')], {
          error: "is neither 'off' nor a mapping with failures and per",
        })
        .default({ failures: 1_000, per: 'minute' })
        .describe('Failed calls an address may make.'),
    })
    .prefault({}),
  identity: z
    .strictObject({
      issuer: z.string().min(1).default('poorter').describe('`iss` of the identity sent upstream.'),
      lifetimeSeconds: z.int().min(10).max(300).default(60),
    })
    .prefault({}),
  reload: z
    .enum(['apply', 'ask'])
    .default('apply')
    .describe(
      'Changed files that protect less than what is in force: served and said loudly (apply), or held until `poorter apply` (ask). See the guide on reloading.',
    ),
  publicOrigin: url
    .refine((text) => originFault(text) === null, {
      error: ({ input }) => originFault(String(input)) ?? NOT_A_URL,
    })
    .optional()
    .describe('Origin under which callers reach the gate; names it in RFC 9728 metadata.'),
  bounds: bounds.prefault({}),
  timeouts: timeouts.prefault({}),
  link: z
    .strictObject({
      address: address.describe('host:port where gateways on other machines connect.'),
      ...linkCredentials,
      gateways: z
        .array(z.string().regex(/^[A-Za-z0-9._]{1,64}$/, 'is not a name of letters, digits, . _'))
        .min(1)
        .max(256)
        .describe('Who may connect: DNS names in their certificates.'),
    })
    .optional()
    .describe('Gateways on other machines (poorter serve --role gateway).'),
  forwardAuth: z.array(forwardAuth).max(8).default([]),
  gateway: z
    .strictObject({
      threads: z
        .int()
        .min(1)
        .max(64)
        .optional()
        .describe('Default: one per core, and one fewer on machines of up to four.'),
      staleAfterMs: z
        .int()
        .min(5_000)
        .default(3_600_000)
        .describe('Without control for this long, the gateway refuses every call.'),
    })
    .prefault({}),
  records: z
    .strictObject({
      file: file
        .optional()
        .describe(
          'Besides the security log, JSON lines in clear text, one per call: who called included.',
        ),
      rotateBytes: bytes
        .min(65_536)
        .default(67_108_864)
        .describe('A file of this size is set aside.'),
      keepFiles: z
        .int()
        .min(1)
        .max(100)
        .default(5)
        .describe('Files set aside before the oldest goes.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      node: z
        .string()
        .regex(/^[A-Za-z0-9._]{1,64}$/, 'is not a name of letters, digits, dots and underscores')
        .optional()
        .describe(
          'Whose log it is: stands in every checkpoint. Default: made once, from the host.',
        ),
      keepDays: z
        .int()
        .min(1)
        .max(36_500)
        .default(400)
        .describe('Records are dropped after this; their hashes stay, so that every proof stands.'),
      keepBytes: bytes
        .min(1_048_576)
        .default(10_737_418_240)
        .describe('Bytes of records, as they are packed; the oldest are dropped beyond it.'),
      spoolBytes: bytes
        .min(33_554_432)
        .default(268_435_456)
        .describe('Records on their way into the log; when all is taken, calls are refused.'),
    })
    .prefault({})
    .describe('The security log.'),
  storage: z
    .string()
    .min(1)
    // A misspelled scheme must not become a directory of that name.
    .regex(
      /^(?:postgres(?:ql)?:\/\/|(?![a-z][a-z0-9+.-]*:\/\/))/i,
      'is not a directory, postgres://…, env:NAME or file:PATH',
    )
    .default('./poorter-data')
    .describe(
      'A directory, for SQLite files in it; or postgres://…, best as env:NAME or file:PATH, since it holds a password.',
    ),
  dataDirectory: file
    .optional()
    .describe('Local files; default: `storage` when it is a directory, else ./poorter-data.'),
  masterKey: z
    .string()
    .regex(/^(?:file:|env:|vault:https?:\/\/)./, 'is not file:PATH, env:NAME or vault:https://…')
    .optional()
    .describe(
      'What wraps the keys of the database: file:PATH, env:NAME or vault:https://HOST/transit/keys/NAME?token=env:NAME; default: master.key in the data directory.',
    ),
  counters: z
    .union(
      [
        z.literal('memory'),
        countersUrl.transform((url) => ({ url })).pipe(sharedCounters),
        sharedCounters,
      ],
      { error: `is neither 'memory', nor ${COUNTERS_FORMS}, nor a mapping with url` },
    )
    .default('memory')
    .describe(
      'Where rates and quotas are counted: memory (this machine), or a Valkey or Redis 7 that machines share.',
    ),
});

export type Configuration = z.output<typeof configurationSchema>;

export type ApiConfiguration = Configuration['apis'][number];

export type UpstreamConfiguration = ApiConfiguration['upstream'];

export type IssuerConfiguration = NonNullable<Configuration['issuer']>;

export type ListenerConfiguration = Configuration['listen'][number];
