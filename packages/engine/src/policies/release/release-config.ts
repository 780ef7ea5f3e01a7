import { z } from 'zod';

const answerMode = z.enum(['report', 'redact', 'block']);

/** What happens to an answer that differs from its description. */
export type AnswerMode = z.output<typeof answerMode>;

/** In `x-poorter`. */
export const releaseKeys = {
  response: answerMode
    .optional()
    .describe('What happens to an answer that differs from its description.'),
};
