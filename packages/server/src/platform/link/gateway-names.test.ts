import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import { realWorld } from '../world/index.ts';
import { LinkClient, LinkServer } from './index.ts';

const OURS = 'DNS:gw_a,IP:127.0.0.1';

test('a certificate that speaks of a gateway’s name elsewhere than in a DNS name does not connect as it', async (t) => {
  const authority = makeAuthority(t);
  const issue = (subject: string, names: string) => ({
    ...authority.issue(subject, { names }),
    authorities: [authority.certificate],
  });
  const met: string[] = [];
  const heard: (() => void)[] = [];
  const tell = (what: string) => {
    met.push(what);
    heard.shift()?.();
  };
  const server = new LinkServer({
    world: realWorld,
    ...{ host: '127.0.0.1', port: 0, names: ['gw_a', 'eu.gw-b.example'] },
    credentials: issue('/CN=control', OURS),
    on: {
      open: (end) => tell(end.name),
      message: () => undefined,
      close: () => undefined,
      notify: () => tell('refused'),
    },
  });
  const address = await server.listen();
  t.after(() => server.close());
  const connectWith = async (subject: string, names: string): Promise<string> => {
    const once = new Promise<void>((resolve) => heard.push(resolve));
    const credentials = issue(subject, names);
    const client = new LinkClient({
      world: realWorld,
      ...{ address, credentials: () => credentials },
      on: { open: () => undefined, message: () => undefined, close: () => undefined },
    });
    await once;
    client.close();
    return met.at(-1) as string;
  };
  for (const [subject, names] of [
    ['/CN=x', '@alt\n[alt]\nURI.1 = urn:x, DNS:gw_a'],
    ['/CN=x', '@alt\n[alt]\nemail.1 = "x, DNS:gw_a"@example.test'],
    ['/CN=x', 'DNS:gw_a.example'],
    ['/CN=x', 'DNS:x.gw_a'],
    ['/CN=x', 'DNS:*.gw-b.example'],
    ['/CN=gw_a', 'IP:127.0.0.1'],
    ['/CN=gw_a', 'URI:gw_a'],
  ] as const) {
    assert.equal(await connectWith(subject, names), 'refused', `${subject} ${names}`);
  }
  assert.equal(await connectWith('/CN=x', OURS), 'gw_a');
  assert.equal(await connectWith('/CN=x', 'DNS:other,DNS:EU.gw-b.EXAMPLE'), 'eu.gw-b.example');
});
