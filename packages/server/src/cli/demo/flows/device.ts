import type { DemoScene } from '../demo.ts';
import { PlayedPerson } from '../played-person.ts';
import { tokenIn } from './asking.ts';
import { askUntilDecided } from './polling.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** A device without a browser shows a code, and its owner types it elsewhere (RFC 8628). */
export async function device({ place, teller, endpoints, inBrowser }: DemoScene): Promise<void> {
  const { id } = place.application;
  teller.step('The device asks for a code to show');
  const { json: asked } = await teller.ask(endpoints['device_authorization_endpoint'] ?? '', {
    form: { client_id: id, scope: 'openid accounts' },
  });
  const ask = () =>
    teller.ask(endpoints['token_endpoint'] ?? '', {
      form: { grant_type: GRANT, device_code: String(asked['device_code']), client_id: id },
    });
  const link = String(asked['verification_uri_complete']);
  if (inBrowser) {
    teller.step('Open this in your browser, and say that the device is yours; it asks meanwhile');
    teller.say(link);
  } else {
    teller.step('Its owner opens the page on a telephone, types the code, signs in and says yes');
    await new PlayedPerson(place, teller).connectDevice(link);
    teller.step('The device asks whether somebody has decided');
  }
  const token = tokenIn(await askUntilDecided(teller, ask, Number(asked['interval'] ?? 5)));
  teller.claims(token);
  teller.step('It calls the API for its owner, through the gate');
  await teller.ask(`${place.api}/accounts/acc-1001`, {
    headers: { authorization: `Bearer ${token}` },
  });
}
