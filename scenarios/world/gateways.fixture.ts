import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Authority } from './certificates.fixture.ts';
import { removeFolder } from './folders.fixture.ts';
import { Told } from './notices.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import { MAIN } from './program.fixture.ts';

/** A real `poorter serve --role gateway` in a folder of its own. */
export interface RunningGateway {
  readonly name: string;
  readonly url: string;
  readonly folder: string;
  readonly process: ChildProcess;
  output(): string;
  notices: Told['notices'];
  awaitNotice: Told['awaitNotice'];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Files of both ends of the link, signed by one authority. */
export function linkFiles(authority: Authority, name: string): Record<string, string> {
  const { certificate, key } = authority.issue(`/CN=${name}`, {
    names: `DNS:${name},DNS:localhost`,
  });
  return { 'link.pem': certificate, 'link.key': key, 'link-ca.pem': authority.certificate };
}

export const LINK_FILES = {
  certificate: './link.pem',
  key: './link.key',
  authorities: ['./link-ca.pem'],
};

export async function startGateway(
  t: Lifetime,
  setup: { name: string; control: string; authority: Authority; folder?: string; port?: number },
): Promise<RunningGateway> {
  const folder = setup.folder ?? mkdtempSync(join(tmpdir(), 'poorter-gateway-'));
  if (setup.folder === undefined) {
    for (const [file, text] of Object.entries(linkFiles(setup.authority, setup.name))) {
      writeFileSync(join(folder, file), text, { mode: 0o600 });
    }
    t.after(() => removeFolder(folder));
  }
  writeFileSync(
    join(folder, 'gateway.yaml'),
    stringify({
      link: { control: setup.control, ...LINK_FILES },
      listen: [{ address: `127.0.0.1:${setup.port ?? 0}` }],
      gateway: { threads: 1 },
      dataDirectory: './data',
    }),
  );
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=source', MAIN, 'serve', '--role', 'gateway'],
      ...['--config', join(folder, 'gateway.yaml'), '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const told = new Told(child);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    // A gateway process whose supervisor was killed ends by itself.
    if (signal === 'SIGKILL') await sleep(500);
  };
  t.after(() => stop('SIGKILL'));
  const { addresses } = (await told.awaitNotice('started')) as unknown as { addresses: string[] };
  return {
    ...{ name: setup.name, url: `http://${addresses[0]}`, folder, process: child, stop },
    output: () => told.text,
    notices: (code) => told.notices(code),
    awaitNotice: (code, isIt) => told.awaitNotice(code, isIt),
  };
}
