/** What `node:http` has read, as facts of a call, and problems as it answers them. */
export { problemBody, problemHeaders } from './problem-answer.ts';
export { forgetCertificate, type HeadRules, requestFacts } from './request-facts.ts';
