import { firstLineOf, traefikBinary } from '../equipment.ts';
import { type Peer, THREADS } from './peer.ts';

export const traefik: Peer = {
  name: 'Traefik',
  does: { bare: [] },
  staysOut: 'the open-source edition cannot verify JWTs',
  unavailable: () => traefikBinary().missing,
  version: () => firstLineOf(traefikBinary().file, ['version']),
  async start({ world, upstream, folder, port }) {
    const routes = world.write(
      `${folder}/routes.json`,
      JSON.stringify({
        http: {
          routers: { all: { rule: 'PathPrefix(`/`)', service: 'service', entryPoints: ['gate'] } },
          services: { service: { loadBalancer: { servers: [{ url: upstream.origin }] } } },
        },
      }),
    );
    const argv = [
      `--entryPoints.gate.address=127.0.0.1:${port}`,
      `--providers.file.filename=${routes}`,
      '--global.checkNewVersion=false',
      '--global.sendAnonymousUsage=false',
      '--serversTransport.maxIdleConnsPerHost=64',
    ];
    const env = { GOMAXPROCS: String(THREADS) };
    return { program: world.start(traefikBinary().file, argv, env) };
  },
};
