import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

const service = await startService({ after });

test('a renewed certificate of control is shown within seconds, and the command line follows', async (t) => {
  const authority = makeAuthority(t);
  const [first, second] = ['first', 'second'].map((name) =>
    authority.issue(`/CN=${name}`, { names: 'DNS:localhost,IP:127.0.0.1' }),
  ) as [ReturnType<typeof authority.issue>, ReturnType<typeof authority.issue>];
  const poorter = await startPoorter(t, {
    description: things,
    upstream: service.url,
    threads: 1,
    files: { 'c.pem': first.certificate, 'c.key': first.key },
    configuration: {
      control: { address: '127.0.0.1:0', tls: { certificate: './c.pem', key: './c.key' } },
    },
  });
  const port = Number(new URL(poorter.controlUrl).port);
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  assert.equal(await shown(), 'first');
  // A connection that stands is left alone.
  const kept = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => kept.destroy());

  writeFileSync(join(poorter.folder, 'c.pem'), second.certificate);
  const faulty = await poorter.awaitNotice('configuration_faulty');
  assert.match(faulty.message, /do not serve/);
  assert.equal(await shown(), 'first', 'half of a renewal changes nothing');
  writeFileSync(join(poorter.folder, 'c.key'), second.key);
  await eventually('the renewed certificate is shown', async () => (await shown()) === 'second');
  assert.equal(kept.destroyed, false);
  const status = await new Promise<number>((resolve, reject) => {
    request(
      { port, host: '127.0.0.1', path: '/health/live', ca: authority.certificate },
      (answer) => resolve(answer.statusCode ?? 0),
    )
      .on('error', reject)
      .end();
  });
  assert.equal(status, 200);
  await eventually('the command line knows the server', async () => {
    const { status } = await runPoorter(['status', '--data', join(poorter.folder, 'data')]);
    return status === 0;
  });
});
