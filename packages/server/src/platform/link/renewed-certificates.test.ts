import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import { realWorld } from '../world/index.ts';
import { LinkClient, type LinkEnd, LinkServer } from './index.ts';

test('renewed certificates of the link are shown to the next connection, and no link is cut for them', async (t) => {
  const authority = makeAuthority(t);
  const issue = (name: string) => ({
    ...authority.issue(`/CN=${name}`, { names: 'DNS:gw_a,IP:127.0.0.1' }),
    authorities: [authority.certificate],
  });
  let cut = 0;
  const ends: LinkEnd[] = [];
  const server = new LinkServer({
    world: realWorld,
    ...{ host: '127.0.0.1', port: 0, names: ['gw_a'], credentials: issue('first control') },
    on: {
      open: (end) => ends.push(end),
      message: () => undefined,
      close: () => {
        cut++;
      },
      notify: () => undefined,
    },
  });
  const address = await server.listen();
  t.after(() => server.close());
  const shown = async () => {
    const [host, port] = address.split(':') as [string, string];
    const own = issue('somebody');
    const socket = connect({
      ...{ host, port: Number(port), ca: authority.certificate },
      ...{ cert: own.certificate, key: own.key },
    });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };

  let asked = 0;
  const open = Promise.withResolvers<void>();
  let opened = 0;
  const again = Promise.withResolvers<void>();
  const client = new LinkClient({
    world: realWorld,
    address,
    credentials: () => {
      asked++;
      return issue(`gateway ${asked}`);
    },
    on: {
      open: () => {
        opened++;
        (opened === 1 ? open : again).resolve();
      },
      message: () => undefined,
      close: () => undefined,
    },
  });
  t.after(() => client.close());
  await open.promise;
  assert.equal(await shown(), 'first control');
  server.renew(issue('second control'));
  assert.equal(await shown(), 'second control');
  assert.equal(client.isOpen, true);
  assert.equal(cut, 0);

  for (const end of ends) end.close();
  await again.promise;
  assert.equal(asked, 2, 'the gateway shows what it has now');
});

test('a gateway that does not believe its control is told so in words, with where an authority is named', async (t) => {
  const [authority, other] = [makeAuthority(t), makeAuthority(t, 'Other')];
  const issue = (name: string, authorities: readonly string[]) => ({
    ...authority.issue(`/CN=${name}`, { names: 'DNS:gw_a,IP:127.0.0.1' }),
    authorities,
  });
  const server = new LinkServer({
    world: realWorld,
    ...{ host: '127.0.0.1', port: 0, names: ['gw_a'] },
    credentials: issue('control', [authority.certificate]),
    on: {
      open: () => assert.fail('nobody comes in'),
      ...{ message: () => undefined, close: () => undefined, notify: () => undefined },
    },
  });
  t.after(() => server.close());
  const address = await server.listen();
  const closed = Promise.withResolvers<string>();
  const client = new LinkClient({
    ...{ world: realWorld, address },
    credentials: () => issue('gateway', [other.certificate]),
    on: {
      ...{ open: () => assert.fail('it is believed'), message: () => undefined },
      close: closed.resolve,
    },
  });
  t.after(() => client.close());
  assert.match(
    await closed.promise,
    /^its certificate comes from an authority that is not trusted here \(\w+\): .* into link\.authorities$/,
  );
});
