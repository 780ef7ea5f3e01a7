import { z } from 'zod';

const names = z.array(z.string().min(1)).min(1);

export const authorizeSchema = z
  .strictObject({
    roles: names.describe('The caller must have one of these roles.').optional(),
    scopes: names.describe('The caller must carry all of these scopes.').optional(),
    clients: names
      .describe(
        'Only these clients may call: OAuth client ids, names or ids of API keys, subjects or alternative names of certificates. The prefix `token:`, `key:` or `certificate:` narrows an entry to one kind of credential.',
      )
      .optional(),
  })
  .describe('Who may call this operation, beyond what `security` requires.');

export type AuthorizeConfig = z.output<typeof authorizeSchema>;
