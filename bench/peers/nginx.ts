import { findProgram, firstLineOf } from '../equipment.ts';
import { nginxHead, nginxTemporaryPaths } from '../upstream.ts';
import { type Peer, THREADS } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  does: { bare: ['record'] },
  staysOut: 'the open-source edition cannot verify JWTs (auth_jwt is nginx Plus)',
  unavailable: () => findProgram('nginx').missing,
  version: () => firstLineOf('nginx', ['-v']).replace(/^.*nginx\//, ''),
  async start({ world, upstream, folder, port }) {
    const path = `${world.folder}/${folder}`;
    const file = world.write(
      `${folder}/nginx.conf`,
      `${nginxHead(path, THREADS)}
http {
  ${nginxTemporaryPaths(path)}
  access_log ${path}/access.log;
  upstream service { server ${upstream.address}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000000;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
    );
    const program = world.start(findProgram('nginx').file, [
      '-p',
      path,
      '-c',
      file,
      '-e',
      'stderr',
    ]);
    return { program, recordFile: `${path}/access.log` };
  },
};
