import type { DemoScene } from '../demo.ts';
import { PlayedPerson } from '../played-person.ts';
import { tokenIn } from './asking.ts';
import { askUntilDecided } from './polling.ts';

const GRANT = 'urn:openid:params:grant-type:ciba';

/** A till asks somebody on a device of their own (CIBA). */
export async function decoupled({ place, teller, endpoints, inBrowser }: DemoScene): Promise<void> {
  const { till, reader, played, origin } = place;
  const authorization = `Basic ${Buffer.from(`${till.id}:${till.secret}`).toString('base64')}`;
  const headers = { authorization };
  teller.step('The till asks for somebody whom it knows by what they sign in with');
  const { json: asked } = await teller.ask(endpoints['backchannel_authentication_endpoint'] ?? '', {
    headers,
    form: {
      ...{ scope: 'openid accounts', login_hint: inBrowser ? reader.login : played.login },
      binding_message: 'Till 7, € 24,90',
    },
  });
  if (asked['auth_req_id'] === undefined) throw new Error(`nobody was asked: ${asked['error']}`);
  if (inBrowser) {
    teller.step(`Sign in as ${reader.login} here, and decide; the till asks meanwhile`);
    teller.say(`${origin}/account/decision`);
  } else {
    teller.step(
      'They see the question in a browser of their own, and sign just that with their passkey',
    );
    await new PlayedPerson(place, teller).decide();
    teller.step('The till asks whether they have decided');
  }
  const ask = () =>
    teller.ask(endpoints['token_endpoint'] ?? '', {
      headers,
      form: { grant_type: GRANT, auth_req_id: String(asked['auth_req_id']) },
    });
  const token = tokenIn(await askUntilDecided(teller, ask, Number(asked['interval'] ?? 5)));
  teller.claims(token);
  teller.step('It calls the API for them, through the gate');
  await teller.ask(`${place.api}/accounts/acc-1001`, {
    headers: { authorization: `Bearer ${token}` },
  });
}
