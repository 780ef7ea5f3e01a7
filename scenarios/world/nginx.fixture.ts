import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './calls.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';

/** A real nginx with these `server` blocks, in a folder of its own; waits until `port` answers. */
export async function startNginx(t: Lifetime, servers: string, port: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 64; }
http { access_log off; ${temporary.join(' ')}
${servers}
}
`,
  );
  const nginx = spawn('nginx', ['-p', folder, '-c', `${folder}/nginx.conf`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  let said = '';
  nginx.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  t.after(async () => {
    if (nginx.exitCode === null && nginx.signalCode === null) {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually(
    'nginx listens',
    async () => {
      if (nginx.exitCode !== null) throw new Error(`nginx ended:\n${said}`);
      return new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true));
        socket.once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
    },
    10_000,
  );
}
