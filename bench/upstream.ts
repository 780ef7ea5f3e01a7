import { ORDER, SMALL_ANSWER, WRONG_ORDER } from './orders.ts';
import { freePort, type Program, untilAnswering, type World } from './world.ts';

export interface Upstream {
  readonly origin: string;
  readonly address: string;
  readonly program: Program;
}

/** nginx that answers from its configuration: the cheapest service there is to stand behind a gate. */
export async function startUpstream(world: World): Promise<Upstream> {
  const port = await freePort();
  const folder = world.makeFolder('upstream');
  const file = world.write(
    'upstream/nginx.conf',
    `${nginxHead(folder, 1)}
http {
  ${nginxTemporaryPaths(folder)}
  access_log off;
  default_type application/json;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 '${SMALL_ANSWER}'; }
    location = /v1/orders { return 200 '${ORDER}'; }
    location = /v1/wrong-answer { return 200 '${WRONG_ORDER}'; }
  }
}
`,
  );
  const program = world.start('nginx', ['-p', folder, '-c', file, '-e', 'stderr']);
  const origin = `http://127.0.0.1:${port}`;
  await untilAnswering(`${origin}/`, program);
  return { origin, address: `127.0.0.1:${port}`, program };
}

/** nginx in the foreground, everything it writes below `folder`. */
export function nginxHead(folder: string, workers: number): string {
  // Workers of a root nginx become somebody who cannot read the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `${user}
daemon off;
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }`;
}

export function nginxTemporaryPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
}
