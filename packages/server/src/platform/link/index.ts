export { LinkClient } from './link-client.ts';
export { decodeMessage, encodeMessage } from './link-codec.ts';
export { type LinkCredentials, type LinkEnd, LinkServer } from './link-server.ts';
