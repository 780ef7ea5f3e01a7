import { z } from 'zod';
import { offOrMapping } from '../../off-or-mapping.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const fieldNames = z
  .array(z.string().regex(TOKEN, 'is not the name of a header field').toLowerCase())
  .max(100)
  .default([]);

const origin = z.string().max(300).refine(isOrigin, {
  message:
    "is not an origin as browsers send it: scheme://host or scheme://host:port in lower case, without path and without the scheme's own port; or null",
});

const policySchema = z
  .strictObject({
    origins: z
      .union([z.literal('*'), z.array(origin).min(1).max(1_000)], {
        error: "is neither '*' nor a list of origins such as https://app.example",
      })
      .describe(
        "Pages that may read answers: exact origins such as https://app.example, 'null' for sandboxed pages and files; or '*' for every page, never with credentials.",
      ),
    credentials: z
      .boolean()
      .default(false)
      .describe(
        'Browsers may send cookies, client certificates and HTTP authentication of their own.',
      ),
    headers: fieldNames.describe(
      'Request headers that pages may send, besides documented parameters and credentials.',
    ),
    expose: fieldNames.describe(
      'Answer headers that pages may read, besides documented ones and those of the gate.',
    ),
    maxAgeSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(600)
      .describe('How long browsers may keep the answer to a preflight.'),
  })
  .refine(({ origins, credentials }) => !(credentials && origins === '*'), {
    message: "'*' with credentials would let every page act as its visitor: name the origins",
    path: ['origins'],
  })
  .describe('Which pages of other origins may call from a browser.');

/** At root, path or operation level, the nearest as a whole. */
export const corsSchema = offOrMapping(policySchema, "'origins'").describe(
  'Cross-origin calls from browsers; off: the gate says nothing about them.',
);

export type CorsConfig = z.output<typeof corsSchema>;

function isOrigin(text: string): boolean {
  if (text === 'null') return true;
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s*]+)$/.exec(text);
  if (parts === null) return false;
  try {
    const url = new URL(text);
    // Other schemes (of apps and extensions) have no origin of their own to compare with.
    return /^https?$/.test(parts[1] as string) ? url.origin === text : text === text.toLowerCase();
  } catch {
    return false;
  }
}
