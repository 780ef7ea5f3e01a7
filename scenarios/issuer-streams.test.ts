import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { eventually } from './world/calls.fixture.ts';
import { listen, streamEvents, takeSockets } from './world/listener.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const service = await startStreamingService({ after }, (_, response) => streamEvents(response));
takeSockets({ after }, service);
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

const listening = (authorization: string) => listen({ after }, gate, { authorization });

test('what streams ends when what let it in is taken back, and not what somebody else listens to', async () => {
  const [budget, ledger] = [await tokenOf('budget.test'), await tokenOf('ledger.test')];
  const ended = await listening(budget.authorization);
  const other = await listening(ledger.authorization);
  await issuer.run('accounts', 'end-grant', person.id, budget.grant);
  await eventually('both have ended', () => ended.hasEventsEnded && ended.hasFeedEnded);
  assert.deepEqual([other.hasEventsEnded, other.hasFeedEnded], [false, false]);
  await issuer.run('clients', 'disable', ledger.id);
  await eventually('the others, too', () => other.hasEventsEnded && other.hasFeedEnded);
});
