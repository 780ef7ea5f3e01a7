import { z } from 'zod';
import { roleName } from './schema-values.ts';

const directory = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not a short name of a-z, 0-9 and -')
    .describe('By which it is known here; people and groups belong to this name.'),
  tokens: z
    .array(
      z.string().regex(/^(?:env|file):./, { error: 'is a secret, named env:NAME or file:PATH' }),
    )
    .min(1)
    .max(2)
    .describe(
      'What it shows, as env:NAME or file:PATH: 32 or more characters drawn at random. Two, while one takes the place of the other.',
    ),
  roles: z
    .record(z.string().min(1).max(200), z.array(roleName).min(1).max(50))
    .default({})
    .describe(
      'Roles of those who are in a group, by the name of the group. They stand in tokens for an API whose description asks for them.',
    ),
});

/** Directories that say who may sign in. RFC 7644. */
export const directories = z
  .array(directory)
  .max(20)
  .default([])
  .describe(
    'Directories that make, change and end accounts of theirs at /scim/v2 (SCIM 2.0), each with a token of its own.',
  );

export type DirectoryConfiguration = z.output<typeof directory>;
