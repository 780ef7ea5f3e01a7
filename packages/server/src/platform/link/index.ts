export { LinkClient, type LinkClientOptions } from './link-client.ts';
export {
  LinkConnections,
  type LinkEnd,
  type LinkSocket,
} from './link-connections.ts';
export { type LinkCredentials, LinkServer, type LinkServerOptions } from './link-server.ts';
