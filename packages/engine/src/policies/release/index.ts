export { type AnswerVerdict, judgeAnswer, judgeUncheckable } from './judge-answer.ts';
export { recomputed } from './recomputed-fields.ts';
export type { AnswerMode } from './release-config.ts';
export { addSecurityHeaders } from './security-headers.ts';
