export { LinkClient } from './link-client.ts';
export { type LinkCredentials, type LinkEnd, LinkServer } from './link-server.ts';
