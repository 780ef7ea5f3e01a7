import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { removeFolder } from './world/folders.fixture.ts';
import { LINK_FILES, linkFiles, startGateway } from './world/gateways.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { type Lifetime, runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { things } from './world/things.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const lifetime = { after };
const authority = makeAuthority(lifetime);
const upstream = await startRawUpstream(lifetime);

/** Documentation addresses (RFC 5737, RFC 3849) are of no machine. */
const OF_NO_MACHINE = ['192.0.2.1:4711', '[2001:db8::1]:4711'];
const OF_NO_ADDRESS = 'no-such-host.invalid:4711';

async function taken(t: Lifetime): Promise<{ server: Server; address: string }> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const usual = {
  listen: [{ address: '127.0.0.1:0' }],
  control: { address: '127.0.0.1:0' },
  trust: { proxies: ['127.0.0.1/32'] },
  apis: [{ spec: './api.yaml', upstream: upstream.url }],
  storage: './data',
  gateway: { threads: 2 },
};

/** Every kind of listener, and the key that names its address. */
const kinds: readonly {
  readonly key: string;
  readonly role?: string;
  readonly at: (address: string) => object;
}[] = [
  { key: 'listen.0.address', at: (address) => ({ listen: [{ address, insecure: true }] }) },
  {
    key: 'listen.1.address',
    at: (address) => ({ listen: [{ address: '127.0.0.1:0' }, { address, insecure: true }] }),
  },
  {
    key: 'forwardAuth.0.address',
    at: (address) => ({ forwardAuth: [{ address, for: 'nginx' }] }),
  },
  { key: 'control.address', at: (address) => ({ control: { address, insecure: true } }) },
  ...['all', 'control'].map((role) => ({
    key: 'link.address',
    role,
    at: (address: string) => ({ link: { address, ...LINK_FILES, gateways: ['gw'] } }),
  })),
];

/** Control alone, with a link for gateways at a free address. */
async function startControl(t: Lifetime) {
  const link = await taken(t);
  link.server.close();
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    role: 'control',
    files: linkFiles(authority, 'control'),
    configuration: { link: { address: link.address, ...LINK_FILES, gateways: ['gw'] } },
  });
  // As gateways know it, whose certificates carry names.
  return { poorter, address: link.address.replace('127.0.0.1', 'localhost') };
}

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-places-'));
  after(() => removeFolder(folder));
  writeFileSync(join(folder, 'api.yaml'), stringify(things));
  for (const [name, text] of Object.entries(linkFiles(authority, 'control')))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  return folder;
}

async function serve(folder: string, configuration: object, role = 'all') {
  writeFileSync(join(folder, 'poorter.yaml'), stringify({ ...usual, ...configuration }));
  return runPoorter(['serve', '--config', 'poorter.yaml', '--role', role], { cwd: folder });
}

describe('a listener that cannot open ends the start and is named', { concurrency: 2 }, () => {
  for (const [index, { key, role, at }] of kinds.entries()) {
    test(`${key}${role === undefined ? '' : `, role ${role}`}`, async (t) => {
      const folder = folderOf();
      const other = await taken(t);
      const others = [
        [OF_NO_MACHINE[0] as string, /EADDRNOTAVAIL: this machine has no such address/],
        // Without IPv6 it is another fault.
        [OF_NO_MACHINE[1] as string, /EADDRNOTAVAIL|EAFNOSUPPORT/],
        [
          OF_NO_ADDRESS,
          /ENOTFOUND: the name has no address|EAI_AGAIN: the name cannot be resolved/,
        ],
      ] as const;
      const taking = [other.address, /EADDRINUSE: the address is in use/] as const;
      // Each of the others at two kinds of listener: what words a fault has is not of the kind.
      for (const [address, why] of [taking, others[index % others.length] ?? taking]) {
        const { status, stdout, stderr } = await serve(folder, at(address), role);
        assert.equal(status, 1, stderr);
        assert.equal(stdout, '');
        const line =
          stderr.split('\n').find((one) => one.includes(`listening on ${address}: `)) ?? '';
        assert.ok(line.endsWith(`(${key})`), stderr);
        assert.match(line, why);
        assert.match(stderr, /poorter: not started\n/);
        assert.doesNotMatch(stderr, /\n\s+at /);
      }
      // Nothing of it stands in the way of the next start.
      other.server.close();
      await once(other.server, 'close');
      await startPoorter(t, {
        description: things,
        upstream: upstream.url,
        configuration: {
          ...at(other.address),
          trust: usual.trust,
          storage: join(folder, 'data'),
        },
        files: linkFiles(authority, 'control'),
        ...(role !== undefined && { role: role as 'all' | 'control' }),
      });
    });
  }
});

test('a gateway on another machine that cannot listen ends, and says where', async (t) => {
  const { poorter: control, address } = await startControl(t);
  const other = await taken(t);
  const port = Number(other.address.split(':')[1]);
  await assert.rejects(
    startGateway(t, { name: 'gw', control: address, authority, port }),
    (error) => {
      const { message } = error as Error;
      assert.match(message, /^it ended with 1:/);
      assert.ok(message.includes(`listening on ${other.address}: EADDRINUSE: `), message);
      assert.ok(message.includes('(listen.0.address)'), message);
      return true;
    },
  );
  const { message } = await control.awaitNotice(
    'snapshot_unserved',
    (one) => one['gateway'] === 'gw',
  );
  assert.match(message, /applying version .* EADDRINUSE/);
});

test('addresses that meet are a fault of the configuration, whichever two', async () => {
  const folder = folderOf();
  for (const [wanted, key, other] of [
    [
      { listen: [{ address: '127.0.0.1:4711' }], control: { address: '127.0.0.1:4711' } },
      'listen.0.address',
      'control.address',
    ],
    [
      { listen: [{ address: '0.0.0.0:4711', insecure: true }, { address: '127.0.0.1:4711' }] },
      'listen.1.address',
      'listen.0.address',
    ],
    [
      {
        forwardAuth: [{ address: '127.0.0.1:4711', for: 'caddy' }],
        listen: [{ address: '[::]:4711', insecure: true }],
      },
      'forwardAuth.0.address',
      'listen.0.address',
    ],
    [
      {
        link: { address: '127.0.0.1:4711', ...LINK_FILES, gateways: ['gw'] },
        control: { address: 'localhost:4712' },
        listen: [{ address: '127.0.0.1:4711' }],
      },
      'listen.0.address',
      'link.address',
    ],
  ] as const) {
    writeFileSync(join(folder, 'poorter.yaml'), stringify({ ...usual, ...wanted }));
    const { status, stdout } = await runPoorter(['check', '--config', 'poorter.yaml'], {
      cwd: folder,
    });
    assert.equal(status, 1, stdout);
    assert.ok(stdout.includes(`is also the address of ${other}`), `${key}: ${stdout}`);
  }
  // No listener is a path: it is told at check, with what is expected.
  for (const address of [
    'unix:/run/poorter.sock',
    '/run/poorter.sock',
    '127.0.0.1',
    '127.0.0.1:99999',
  ]) {
    writeFileSync(join(folder, 'poorter.yaml'), stringify({ ...usual, listen: [{ address }] }));
    const { status, stdout } = await runPoorter(['check', '--config', 'poorter.yaml'], {
      cwd: folder,
    });
    assert.equal(status, 1, stdout);
    assert.match(stdout, /listen\.0\.address: (?:is not host:port|has a port above 65535)/);
  }
});

test('a reload whose listener cannot open changes nothing, and a gateway that dies then comes back', async (t) => {
  const other = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    // Not 0: a gateway that starts again would take another port.
    configuration: { listen: [{ address: `127.0.0.1:${await unusedPort()}` }] },
  });
  const before = parse(poorter.read('poorter.yaml')) as Record<string, unknown>;
  const blocker = await taken(t);
  const metric = async (name: string) => {
    const text = await (await fetch(`${poorter.controlUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  const serves = async () => {
    const seen = upstream.requests();
    const answer = await fetch(`${poorter.url}/things`, { headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
    assert.equal(upstream.requests(), seen + 1, 'the upstream of the version in force');
  };
  for (const [place, address] of [
    ['listen', OF_NO_MACHINE[0] as string],
    ['forwardAuth', OF_NO_MACHINE[0] as string],
    ['listen', blocker.address],
  ] as const) {
    const told = `listening on ${address}: `;
    const times = () =>
      poorter.notices('snapshot_unserved').filter(({ message }) => message.includes(told)).length;
    const already = times();
    poorter.write('poorter.yaml', {
      ...before,
      trust: { proxies: ['127.0.0.1/32'] },
      apis: [{ spec: './api.yaml', upstream: other.url }],
      ...(place === 'listen'
        ? { listen: [{ address: `127.0.0.1:${poorter.port}` }, { address, insecure: true }] }
        : {
            listen: [{ address: `127.0.0.1:${poorter.port}` }],
            forwardAuth: [{ address, for: 'nginx' }],
          }),
    });
    await eventually('it is said', () => times() > already);
    await eventually(
      'it is measured',
      async () => (await metric('poorter_configuration_refused')) === 1,
    );
    await poorter.awaitNotice('configuration_unserved');
    for (let call = 0; call < 8; call++) await serves();
  }
  process.kill(poorter.children().gateway, 'SIGKILL');
  await poorter.awaitNotice('gateway_ended');
  await eventually('the gateway serves again', async () => {
    const answer = await fetch(`${poorter.url}/things`).catch(() => null);
    return answer?.status === 200;
  });
  await serves();
  // Mended, it goes live.
  poorter.write('poorter.yaml', {
    ...before,
    listen: [{ address: `127.0.0.1:${poorter.port}` }],
    apis: [{ spec: './api.yaml', upstream: other.url }],
  });
  await eventually('the mended one is in force', async () => {
    await (await fetch(`${poorter.url}/things`)).arrayBuffer();
    return other.requests() > 0;
  });
  assert.equal(await metric('poorter_configuration_refused'), 0);
});

test('a reload that moves the control address or the link to a place that is taken leaves both where they are', async (t) => {
  const { poorter, address } = await startControl(t);
  const blocker = await taken(t);
  const before = parse(poorter.read('poorter.yaml')) as Record<string, unknown>;
  const gateway = await startGateway(t, {
    name: 'gw',
    control: address,
    authority,
  });
  const port = new URL(poorter.controlUrl).port;
  for (const [key, change] of [
    ['control.address', { control: { address: blocker.address } }],
    ['control.address', { control: { address: `192.0.2.1:${port}`, insecure: true } }],
    ['link.address', { link: { ...(before['link'] as object), address: blocker.address } }],
  ] as const) {
    const told = () =>
      poorter.notices('configuration_faulty').filter(({ message }) => message.includes(`(${key})`));
    const already = told().length;
    poorter.write('poorter.yaml', { ...before, ...change });
    await eventually(`${key} is told`, () => told().length > already);
    assert.equal((await fetch(`${poorter.controlUrl}/health/live`)).status, 200);
    assert.equal((await fetch(`${gateway.url}/things`)).status, 200);
    assert.deepEqual(poorter.notices('gateway_cut_off'), []);
  }
  // What is mended later finds everything as it was.
  poorter.write('poorter.yaml', before);
  await eventually('the configuration is current', async () => {
    const ready = await fetch(`${poorter.controlUrl}/health/ready`);
    return ((await ready.json()) as { configuration: string }).configuration === 'current';
  });
});

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
