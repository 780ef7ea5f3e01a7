import { z } from 'zod';
import { ENTRIES_MAX, PIECES_MAX } from '../platform/spool/index.ts';

const natural = z.int().min(0);
const extent = { bytes: natural, crc: natural };
const piece = z.object({
  ...{ file: natural.max(999_999_999), offset: natural, crc: natural },
  bytes: z.instanceof(Uint8Array),
  before: z.object({ file: natural, ...extent }).nullable(),
  isFirst: z.boolean(),
});
const end = z.object({
  last: z.object({ file: natural, ...extent }).nullable(),
  admitted: natural,
});
/** What a gateway on another machine says once it was met. */
export const fromRemote = z.discriminatedUnion('type', [
  z.object({ type: z.literal('renew'), at: z.number() }),
  z.object({ type: z.literal('ended') }),
  z.object({
    type: z.literal('not-understood'),
    what: z.array(z.string().max(200)).max(20),
  }),
  z.object({ type: z.literal('applied'), version: z.int() }),
  z.object({ type: z.literal('live-applied'), sequence: z.int() }),
  z.object({
    type: z.literal('failed'),
    message: z.string().max(10_000),
    version: z.int().optional(),
  }),
  z.object({
    type: z.literal('notice'),
    notice: z.object({ code: z.string().max(100), message: z.string().max(10_000) }),
  }),
  z.object({ type: z.literal('metrics'), metrics: z.array(z.unknown()).max(1_000) }),
  z.object({
    type: z.literal('unknown-key-id'),
    issuer: z.string().max(2_000),
    // A gateway of the version before does not say.
    keyId: z.string().max(1_024).nullable().default(null),
  }),
  z.object({
    type: z.literal('roles-read'),
    issuer: z.string().max(2_000),
    claim: z.string().max(1_000),
    isFound: z.boolean(),
  }),
  z.object({
    type: z.literal('listening'),
    addresses: z.array(z.string().max(300)).max(64),
    threads: z.int(),
  }),
  z.object({
    type: z.literal('spool'),
    number: z.int(),
    entries: z
      .array(
        z.object({
          writer: z.string().max(200),
          pieces: z.array(piece).max(PIECES_MAX),
          end: end.nullable(),
          isForgotten: z.boolean(),
        }),
      )
      .max(ENTRIES_MAX),
  }),
]);

/** What every protocol begins with. Members that are not known are a newer version's. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.int().min(1),
  oldest: z.int().min(1),
  version: z.string().max(100),
  instance: z.string().regex(/^[0-9a-f]{32}$/),
  staleAfterMs: z.number().min(0).optional(),
});

export type FromRemote = z.infer<typeof fromRemote>;
