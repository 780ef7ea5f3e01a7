import { z } from 'zod';

/** Names as they are sent, such as utm_source. */
export const undocumentedQuerySchema = z.array(z.string().min(1).max(100)).max(100);

/** In `x-poorter`. All but `bodyBytesMax` are decided where a description is compiled: its checks have them within. */
export const validateKeys = {
  bodyBytesMax: z
    .int()
    .min(0)
    .max(1 << 30)
    .optional()
    .describe('Largest request body, in bytes.'),
  reading: z
    .enum(['meant', 'strict'])
    .optional()
    .describe(
      'Root only. Schemas as their authors mean them (default), or by the letter of their version.',
    ),
  readOnlyMembers: z
    .enum(['ignore', 'refuse'])
    .optional()
    .describe(
      'Root only. readOnly members in requests: cut out before forwarding (default), or refused.',
    ),
  formats: z
    .enum(['enforce', 'report'])
    .optional()
    .describe('Root only. Whether `format` is enforced (default), or only recorded.'),
  allowUndocumentedQuery: undocumentedQuerySchema
    .optional()
    .describe('Query parameters that pass although they are not described.'),
};
