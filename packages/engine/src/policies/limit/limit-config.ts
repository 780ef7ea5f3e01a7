import { z } from 'zod';
import { concurrencyIdentity, quotaIdentity, rateIdentity } from './limit-identity.ts';

const by = z
  .enum(['client', 'subject', 'address', 'operation'])
  .describe(
    'Whose calls are counted together: the client (its address when anonymous), the subject of the token, the address (IPv6 by /64), or all callers of the operation.',
  );

const counted = z
  .union([by, z.array(by).min(1).max(4)], {
    error: (issue) => faultOfBranch(issue, 'a list of one to four of these'),
  })
  .describe('One, or several that are combined: [client, operation] counts a client per operation.')
  .default('client');

/** Appears in the RateLimit fields, so that it is a structured-field string without surprises. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .describe(
    'Shown to callers in RateLimit-Policy. Limits of one name share their counters, and keep them when the numbers change.',
  )
  .optional();

const whenCountersAreAway = z
  .enum(['share', 'refuse', 'allow'])
  .default('share')
  .describe(
    'While the counters that machines share are away: this machine counts its share (share), refuses (refuse), or does not count (allow).',
  );

// Bounded so that no sum of them leaves the exact integers of a double.
const calls = z.int().min(1).max(1_000_000_000);

const rateSchema = z
  .strictObject({
    requests: calls.describe('Calls allowed per period, refilled evenly.'),
    per: z.enum(['second', 'minute', 'hour', 'day']).describe('The period.'),
    burst: calls.describe('Calls allowed at once. Default: `requests`.').optional(),
    by: counted,
    name,
    whenCountersAreAway,
  })
  .describe('A rate: so many calls per period, enforced evenly (GCRA).');

const oneQuotaSchema = z
  .strictObject({
    requests: calls.describe('Calls allowed in one period.'),
    per: z.enum(['day', 'month']).describe('A calendar day or month in UTC.'),
    by: counted,
    name,
    whenCountersAreAway,
  })
  .describe('A quota: so many calls per calendar day or month.');

const oneConcurrencySchema = z
  .strictObject({
    calls: z.int().min(1).max(1_000_000).describe('Calls under way at once.'),
    by: counted,
    name,
  })
  .describe('How many calls may be under way at once.');

/** One, or a list of which every entry must allow the call; no two of them count in one place. */
export const limitSchema = oneOrList(rateSchema, rateIdentity);
export const quotaSchema = oneOrList(oneQuotaSchema, quotaIdentity);
export const concurrencySchema = oneOrList(oneConcurrencySchema, concurrencyIdentity);

export const limitsSchema = z
  .strictObject({
    limit: limitSchema.optional(),
    quota: quotaSchema.optional(),
    concurrency: concurrencySchema.optional(),
  })
  .describe('How much a caller may call.');

/** What was accepted once, such as the limits of a key that is kept. */
export const keptLimitsSchema = z.strictObject({
  limit: oneOrList(rateSchema).optional(),
  quota: oneOrList(oneQuotaSchema).optional(),
  concurrency: oneOrList(oneConcurrencySchema).optional(),
});

export type RateConfig = z.output<typeof rateSchema>;
export type QuotaConfig = z.output<typeof oneQuotaSchema>;
export type ConcurrencyConfig = z.output<typeof oneConcurrencySchema>;
export type LimitsConfig = z.output<typeof limitsSchema>;
export type CountedBy = z.output<typeof by>;

/** Where two entries had one identity, each call would be counted twice. */
function oneOrList<Schema extends z.ZodType>(
  schema: Schema,
  identityOf?: (entry: z.output<Schema>) => string,
) {
  const list = z
    .array(schema)
    .min(1)
    .max(8)
    .superRefine((entries, context) => {
      if (identityOf === undefined) return;
      const identities = entries.map(identityOf);
      const twice = identities.findIndex((one, index) => identities.indexOf(one) < index);
      if (twice < 0) return;
      const first = identities.indexOf(identities[twice] as string);
      const message = `counts in the same place as entry ${first}, so that a call would count twice: give each another name`;
      context.addIssue({ code: 'custom', path: [twice], message });
    });
  return z.union([schema, list], {
    error: (issue) => faultOfBranch(issue, 'a list of one to eight of them'),
  });
}

/**
 * Of the two readings, tells the fault of the one that was meant, and where neither is, both; a bare
 * union says "invalid".
 */
function faultOfBranch(issue: z.core.$ZodRawIssue, list: string): string | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  const faults = issue.errors[Array.isArray(issue.input) ? 1 : 0] ?? [];
  // A key that is misspelt is missing, too; that it is misspelt says more.
  const fault = faults.find(({ code }) => code === 'unrecognized_keys') ?? faults[0];
  if (fault === undefined) return undefined;
  const place = fault.path.join('.');
  if (place !== '') return `${place}: ${fault.message}`;
  if (fault.code === 'invalid_type') return `is neither a mapping nor ${list}`;
  return fault.code === 'invalid_value' ? `${fault.message}, or ${list}` : fault.message;
}
