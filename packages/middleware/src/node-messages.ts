/** What `node:http` has read, as facts of a call; what it is to answer, as bytes that grow, and problems. */
export { freeBytes, GrowingBytes } from './growing-bytes.ts';
export { problemBody, problemHeaders } from './problem-answer.ts';
export { forgetCertificate, type HeadRules, requestFacts } from './request-facts.ts';
