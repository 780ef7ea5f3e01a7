import { z } from 'zod';

/** A mapping, or `off`, by which an operation takes back what its document asks of all. */
export function offOrMapping<Shape extends z.ZodType>(mapping: Shape, members: string) {
  const error = (issue: z.core.$ZodRawIssue) => faultOfMapping(issue, members);
  return z.union([z.literal('off'), mapping], { error });
}

/** Tells what is wrong with the mapping, not that it is no 'off'. */
function faultOfMapping(issue: z.core.$ZodRawIssue, members: string): string | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  const { input } = issue;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return `is neither 'off' nor a mapping with ${members}`;
  }
  const [fault] = issue.errors[1] ?? [];
  const place = fault?.path.join('.') ?? '';
  return place === '' ? fault?.message : `${place}: ${fault?.message}`;
}
