import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

const authority = makeAuthority({ after });

/** A TLS service that knows one name, and which names it was asked for. */
async function serviceNamed(name: string) {
  const asked: string[] = [];
  const { certificate, key } = authority.issue(`/CN=${name}`, { names: `DNS:${name}` });
  const service = await startService({ after }, undefined, {
    tls: {
      cert: certificate,
      key,
      SNICallback: (wanted, done) => {
        asked.push(wanted);
        done(null);
      },
    },
  });
  return { service, asked };
}

async function gateBefore(target: string, more: Record<string, unknown>) {
  return startPoorter(
    { after },
    {
      description: things,
      upstream: target,
      threads: 1,
      files: { 'ca.pem': authority.certificate },
      configuration: {
        api: {
          upstream: {
            targets: [target],
            tls: { authorities: ['./ca.pem'], ...(more['tls'] as object) },
            preserveHost: more['preserveHost'] ?? false,
          },
        },
      },
    },
  );
}

const statusFor = async (url: string, host: string) =>
  (await call(`${url}/things`, { headers: { host } })).status;

test('the name that the operator gives is asked for and verified, whatever the target is called', async () => {
  const { service, asked } = await serviceNamed('inner.example');
  for (const host of ['127.0.0.1', 'localhost']) {
    const tls = { serverName: 'inner.example' };
    const poorter = await gateBefore(`https://${host}:${service.port}`, { tls });
    assert.equal(await statusFor(poorter.url, 'things.example'), 200, host);
  }
  assert.deepEqual([...new Set(asked)], ['inner.example']);
});

test('the Host of a caller never chooses which name is verified, nor which connection is used', async () => {
  const { service, asked } = await serviceNamed('localhost');
  const poorter = await gateBefore(`https://localhost:${service.port}`, { preserveHost: true });
  for (const host of ['one.example', 'two.example', 'one.example', 'inner.example']) {
    assert.equal(await statusFor(poorter.url, host), 200, host);
    assert.equal(service.last().headers.host, host, 'the service is told the Host');
  }
  assert.deepEqual([...new Set(asked)], ['localhost']);
  assert.equal(service.connections(), 1);

  // Another name than the target's: its certificate is not believed because a caller says so.
  const other = await serviceNamed('two.example');
  const careful = await gateBefore(`https://localhost:${other.service.port}`, {
    preserveHost: true,
  });
  assert.equal(await statusFor(careful.url, 'two.example'), 502);
  assert.equal(other.service.seen.length, 0);
});
