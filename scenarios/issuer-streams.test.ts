import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually, openCall } from './world/calls.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const service = await startStreamingService({ after }, (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: first\n\n');
});
const sockets = new WebSocketServer({ noServer: true });
service.server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, () => undefined);
});
after(() => sockets.close());
const issuer = await startIssuer({ after }, service.url);
const person = await enrol(issuer, 'griet@example.test');
const gate = issuer.poorter.url;

async function tokenOf(host: string) {
  const application = await makeApplication(issuer, `https://${host}/callback`);
  const asked = await askFor(application);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const { access_token: token } = await redeem(application, asked, back);
  const id = String(application.configuration.clientMetadata().client_id);
  return { id, grant: String(decodeJwt(token)['grant_id']), authorization: `Bearer ${token}` };
}

/** What streams, and whether it has ended. */
async function listen(authorization: string) {
  const state = { events: '', hasEventsEnded: false, hasFeedEnded: false };
  const events = openCall(`${gate}/events`, { headers: { authorization } });
  events.once('error', () => undefined);
  events.once('response', (incoming) => {
    incoming.on('data', (chunk: Buffer) => {
      state.events += chunk;
    });
    incoming.once('error', () => undefined);
    incoming.once('close', () => {
      state.hasEventsEnded = true;
    });
  });
  events.end();
  const feed = new WebSocket(`${gate.replace('http', 'ws')}/feed`, { headers: { authorization } });
  feed.once('error', () => undefined);
  feed.once('close', () => {
    state.hasFeedEnded = true;
  });
  await once(feed, 'open');
  await eventually('the first event', () => state.events !== '');
  after(() => {
    events.destroy();
    feed.terminate();
  });
  return state;
}

test('what streams ends when what let it in is taken back, and not what somebody else listens to', async () => {
  const [budget, ledger] = [await tokenOf('budget.test'), await tokenOf('ledger.test')];
  const ended = await listen(budget.authorization);
  const other = await listen(ledger.authorization);
  await issuer.run('accounts', 'end-grant', person.id, budget.grant);
  await eventually('both have ended', () => ended.hasEventsEnded && ended.hasFeedEnded);
  assert.deepEqual([other.hasEventsEnded, other.hasFeedEnded], [false, false]);
  await issuer.run('clients', 'disable', ledger.id);
  await eventually('the others, too', () => other.hasEventsEnded && other.hasFeedEnded);
});
