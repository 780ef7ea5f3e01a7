export { LinkClient } from './link-client.ts';
export {
  type LinkCredentials,
  type LinkEnd,
  LinkServer,
  type LinkServerOptions,
} from './link-server.ts';
