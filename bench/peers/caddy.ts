import { findProgram, firstLineOf } from '../equipment.ts';
import { type Peer, THREADS } from './peer.ts';

export const caddy: Peer = {
  name: 'Caddy',
  does: { bare: [] },
  staysOut: 'it cannot verify JWTs or limit rates without third-party modules',
  unavailable: () => findProgram('caddy').missing,
  version: () => firstLineOf('caddy', ['version']).split(' ')[0] ?? '',
  async start({ world, upstream, folder, port }) {
    const file = world.write(
      `${folder}/Caddyfile`,
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy ${upstream.address} {
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }
}
`,
    );
    const home = `${world.folder}/${folder}`;
    const argv = ['run', '--config', file, '--adapter', 'caddyfile'];
    const env = { GOMAXPROCS: String(THREADS), HOME: home, XDG_DATA_HOME: home };
    return { program: world.start(findProgram('caddy').file, argv, env) };
  },
};
