/** What a command needs that compiles without a server. */
export { newIdentityKey } from './identity-keys.ts';
export { mayTry } from './trial-issuer.ts';
