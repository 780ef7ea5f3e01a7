import { z } from 'zod';
import { offOrMapping } from '../../off-or-mapping.ts';

/** RFC 6901. The whole document is no member of it. */
const pointer = z
  .string()
  .max(512)
  .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, 'is no JSON Pointer, such as /amount');

const wantedSchema = z.strictObject({
  type: z
    .string()
    .min(1)
    .max(200)
    .describe('Kind of authorization details (RFC 9396) that somebody approved.'),
  match: z
    .record(pointer, pointer)
    .refine((match) => Object.keys(match).length > 0, 'compares nothing')
    .describe(
      'Where a member of the details stands in the body: JSON Pointer into the details, to JSON Pointer into the body. Each is the same in both, or in neither.',
    ),
});

/** At root, path or operation level, the nearest as a whole. */
export const permitSchema = offOrMapping(wantedSchema, 'type and match').describe(
  'The call does just what its person approved with a passkey (RTS (EU) 2018/389 art. 5, dynamic linking), once, within five minutes. off: takes back what the document asks of all.',
);

export type PermitConfig = z.output<typeof permitSchema>;
