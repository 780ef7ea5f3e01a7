import type { ToIssuer } from '../messages/between-issuer.ts';
import { serveParent } from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { Issuer } from './issuer.ts';

const send = serveParent<ToIssuer>(
  (message) => issuer.receive(message),
  () => void issuer.drain(),
);
const issuer = new Issuer({ world: realWorld, send, exit: () => process.exit(0) });
