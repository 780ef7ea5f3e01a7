import { canonicalHost } from '@poorter/engine';
import { corsSchema, undocumentedQuerySchema } from '@poorter/engine/configuration';
import { z } from 'zod';
import { baseUrlFault } from './addresses.ts';
import { baseUrl, clientTls, file, hostName, milliseconds, NOT_A_URL } from './schema-values.ts';

const upstream = z.strictObject({
  targets: z
    .array(baseUrl)
    .min(1)
    .max(64)
    .describe('Base URLs of the same service; calls are spread, failing ones rested.'),
  tls: clientTls('upstream', 'Name sent as SNI and verified.').prefault({}),
  connectTimeoutMs: milliseconds.default(5_000).describe('Until a connection stands.'),
  headTimeoutMs: milliseconds.default(30_000).describe('From the request to the answer head.'),
  idleTimeoutMs: milliseconds
    .default(60_000)
    .describe('Between two pieces of an answer body; streams are exempt.'),
  connectionsMax: z.int().min(1).max(10_000).default(256).describe('Per target and thread.'),
  failuresBeforeRest: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe('Consecutive failures that rest a target.'),
  restMs: milliseconds.default(10_000).describe('How long a failing target is left alone.'),
  preserveHost: z
    .boolean()
    .default(false)
    .describe("Send the caller's Host instead of the target's."),
});

export const api = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a name of letters, digits, . _ -')
    .optional()
    .describe("Name in records and limits; default: the description file's name."),
  spec: file.describe('OpenAPI 3.0 or 3.1 document, YAML or JSON.'),
  upstream: z
    .union([baseUrl.transform((target) => ({ targets: [target] })).pipe(upstream), upstream], {
      error: ({ input }) =>
        (typeof input === 'string' ? baseUrlFault(input) : null) ??
        `${NOT_A_URL}, nor a mapping with targets`,
    })
    .describe('URL of the service, or a mapping with targets and details.'),
  hosts: z
    .array(hostName.toLowerCase().transform(canonicalHost))
    .default([])
    .describe(
      'Host names this API answers to; empty: any. Of the APIs at a host, the first that has the path and the method answers.',
    ),
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe(
      'observe softens limits, validation and release; never hygiene, identity or authorization.',
    ),
  response: z
    .enum(['report', 'redact', 'block'])
    .default('report')
    .describe('What happens to answers that differ from their description.'),
  strictProperties: z
    .boolean()
    .default(false)
    .describe(
      'Refuse request members that no schema documents, whatever additionalProperties says.',
    ),
  reading: z
    .enum(['meant', 'strict'])
    .default('meant')
    .describe('Schemas as their authors mean them, or by the letter of their OpenAPI version.'),
  readOnlyMembers: z
    .enum(['ignore', 'refuse'])
    .default('ignore')
    .describe('readOnly members in requests: cut out before forwarding, or refused.'),
  formats: z
    .enum(['enforce', 'report'])
    .default('enforce')
    .describe('Whether `format` is enforced, or what breaks one is only recorded.'),
  allowUndocumentedQuery: undocumentedQuerySchema
    .default([])
    .describe(
      'Query parameters that pass although no operation describes them, such as utm_source.',
    ),
  cors: corsSchema.optional(),
  flows: z
    .array(z.enum(['redirect', 'embedded', 'decoupled', 'device', 'session']))
    .refine((flows) => new Set(flows).size === flows.length, 'names one twice')
    .optional()
    .describe(
      'In what ways our own authorization server asks people about this API: on its pages, within an application that may, on a device of their own, by a code that they type; session: on its pages, for a page of yours that then calls with a cookie of this gate. Default: all but embedded and session. A client may what both say.',
    ),
  allowEncodedSlash: z.boolean().default(false).describe('Accept %2F inside path segments.'),
  audience: z
    .string()
    .optional()
    .describe("Audience of the identity sent upstream; default: the first target's origin."),
});
