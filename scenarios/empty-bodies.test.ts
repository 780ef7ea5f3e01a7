import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

const FORM = 'application/x-www-form-urlencoded';
const BYTES = 'application/octet-stream';
const JSON_TYPE = 'application/json';

test('a form without fields and a file without bytes reach a service that needs a body, and no JSON does not', async (t) => {
  const service = await startService(t);
  const fields = { type: 'object', properties: { note: { type: 'string' } } };
  const content = {
    [FORM]: { schema: fields },
    [BYTES]: { schema: { type: 'string', format: 'binary' } },
    [JSON_TYPE]: { schema: fields },
  };
  const requestBody = { required: true, content };
  const responses = { 200: { description: 'ok', content: { [JSON_TYPE]: {} } } };
  const poorter = await startPoorter(t, {
    ...{ upstream: service.url },
    description: { ...things, paths: { '/things': { post: { requestBody, responses } } } },
  });
  const sent = (type: string, framing: Readonly<Record<string, string>>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': type, ...framing };
      const call = request(`${poorter.url}/things`, { method: 'POST', headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      });
      call.once('error', reject).end();
    });
  for (const framing of [{ 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]) {
    const told = JSON.stringify(framing);
    assert.equal(await sent(FORM, framing), 200, told);
    assert.equal(await sent(BYTES, framing), 200, told);
    assert.equal(await sent(JSON_TYPE, framing), 400, told);
    assert.equal(await sent('text/plain', framing), 415, told);
  }
  // As fetch and URLSearchParams write it.
  const form = await fetch(`${poorter.url}/things`, {
    ...{ method: 'POST', body: new URLSearchParams({}) },
  });
  assert.equal(form.status, 200, await form.text());
});
