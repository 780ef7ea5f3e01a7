import type { ReadExtension } from '@poorter/openapi';
import { z } from 'zod';
import { networkListsSchema } from './policies/admit/admit-config.ts';
import { authorizeSchema } from './policies/authorize/authorize-config.ts';
import { stepUpSchema } from './policies/authorize/step-up-config.ts';
import { corsSchema } from './policies/cors/cors-config.ts';
import { concurrencySchema, limitSchema, quotaSchema } from './policies/limit/limit-config.ts';
import { permitSchema } from './policies/permit/permit-config.ts';
import { releaseKeys } from './policies/release/release-config.ts';
import { validateKeys } from './policies/validate/validate-config.ts';

/** `x-poorter` in an OpenAPI document: at root, path or operation level, the nearest key winning. */
export const extensionSchema = z.strictObject({
  limit: limitSchema.optional().describe('Rate limits (GCRA).'),
  quota: quotaSchema.optional().describe('Calls per UTC day or month.'),
  concurrency: concurrencySchema.optional().describe('Calls under way at once.'),
  authorize: authorizeSchema
    .optional()
    .describe('Who may call, beyond the scopes of the document.'),
  stepUp: stepUpSchema.optional(),
  permit: permitSchema.optional(),
  network: networkListsSchema.optional(),
  mode: z
    .enum(['enforce', 'observe'])
    .optional()
    .describe(
      'observe softens limits, validation and release; never hygiene, identity or authorization.',
    ),
  ...releaseKeys,
  audit: z
    .enum(['durable', 'batched'])
    .optional()
    .describe(
      'durable: on disk before the call is forwarded, and again before its answer leaves; batched (default): within 50 ms.',
    ),
  ...validateKeys,
  cors: corsSchema.optional(),
  semicolons: z
    .enum(['refuse', 'allow'])
    .optional()
    .describe(
      'A `;` in a path that no matrix parameter and no literal describes: refused (default), because servlet containers cut it off before they route; or data like any other (allow).',
    ),
});

export type Extension = z.output<typeof extensionSchema>;

/** As the engine decides by it, with what stands in for what it leaves out; or what is wrong with it. */
export function readExtension(value: unknown): ReadExtension {
  const parsed = extensionSchema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => {
    const pointer = issue.path
      .map((key) => `/${String(key).replace(/~/g, '~0').replace(/\//g, '~1')}`)
      .join('');
    if (issue.code !== 'unrecognized_keys') return [{ pointer, message: issue.message }];
    const suggestion = `known keys here: ${knownKeys(issue.path)}`;
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${key}`,
      message: `unknown key '${key}'`,
      suggestion,
    }));
  });
  return { problems };
}

function knownKeys(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? Object.keys(extensionSchema.shape).join(', ')
    : 'see the reference of x-poorter';
}
