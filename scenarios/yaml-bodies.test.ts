import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

test('the first body of YAML that a gate is sent is read, and what does not fit does not reach the service', async (t) => {
  const service = await startService(t);
  const schema = { type: 'object', properties: { count: { type: 'integer' } } };
  const requestBody = { content: { 'application/yaml': { schema } } };
  const responses = { 200: { description: 'ok', content: { 'application/json': {} } } };
  const poorter = await startPoorter(t, {
    ...{ upstream: service.url },
    description: { ...things, paths: { '/things': { post: { requestBody, responses } } } },
  });
  const sent = (body: string) =>
    call(`${poorter.url}/things`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/yaml' },
    });
  const refused = await sent('count: many\n');
  assert.equal(refused.status, 400, refused.text);
  assert.match(refused.text, /\/count.*type/s);
  assert.equal((await sent('count: 5\n')).status, 200);
  const doubtful = await sent('count: 0_5\n');
  assert.match(doubtful.text, /\/count/);
});
