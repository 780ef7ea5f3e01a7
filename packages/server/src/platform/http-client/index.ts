/** undici, for who needs it once in a while: `await import('…/http-client/index.ts')`, and it is loaded by nobody else. */
export { Agent, fetch, request } from 'undici';
