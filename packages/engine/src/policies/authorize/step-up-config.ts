import { z } from 'zod';
import { offOrMapping } from '../../off-or-mapping.ts';

/** Of `acr_values`, which blanks divide, within a quoted string: RFC 9470 §3. */
const contextClass = z
  .string()
  .max(256)
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]+$/,
    'is not a name of printable characters without blanks, quotes and backslashes',
  );

const wantedSchema = z
  .strictObject({
    acr: z
      .array(contextClass)
      .min(1)
      .max(16)
      .optional()
      .describe(
        'The token must say one of these in `acr`, exactly; in the order in which they are asked for.',
      ),
    maxAgeSeconds: z
      .int()
      .min(1)
      .max(31_536_000)
      .optional()
      .describe(
        'Its holder must have signed in (`auth_time`) no longer ago than this; clocks may differ by `clockSkewSeconds` of the issuer.',
      ),
  })
  .refine(({ acr, maxAgeSeconds }) => acr !== undefined || maxAgeSeconds !== undefined, {
    message: 'asks for nothing: give acr, maxAgeSeconds or both',
  });

/** At root, path or operation level, the nearest as a whole. */
export const stepUpSchema = offOrMapping(wantedSchema, 'acr or maxAgeSeconds').describe(
  'How, and how lately, somebody must have signed in (RFC 9470); who has not is told in WWW-Authenticate what to ask the issuer for. off: takes back what the document asks of all.',
);

export type StepUpConfig = z.output<typeof stepUpSchema>;
