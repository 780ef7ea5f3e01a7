import { createHash, randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { DemoScene } from '../demo.ts';
import { PlayedPerson, passkeyOf } from '../played-person.ts';
import type { SoftwarePasskey } from '../software-passkey.ts';
import type { Told } from '../teller.ts';
import { tokenIn } from './asking.ts';
import { proof } from './proof.ts';

/** Nobody listens there: the application is told by its system. */
const BACK = 'http://127.0.0.1/callback';

const newKey = async () =>
  exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey);

/**
 * An application of the provider's own signs somebody in itself (draft-ietf-oauth-first-party-apps): on our page the first time
 * that it is on this device, and from then on without a browser.
 */
export async function embedded(scene: DemoScene): Promise<void> {
  const { place, teller, endpoints, inBrowser } = scene;
  if (inBrowser) throw new Error('embedded is played: a terminal cannot ask for your passkey');
  const phone = new Phone(scene, await newKey());
  teller.step('The application on a new telephone begins, with a key that never leaves it');
  const begun = await phone.begin();
  teller.step('It asks for the passkey; as the telephone is new, it is told to open a browser');
  const led = await phone.goOn(begun);
  const url = new URL(endpoints['authorization_endpoint'] ?? '');
  url.searchParams.set('client_id', place.phone.id);
  url.searchParams.set('request_uri', String(led.json['request_uri']));
  teller.step('On the page of the authorization server they sign in and say yes, this once');
  const back = new URL(await new PlayedPerson(place, teller).goThrough(url.href));
  teller.step('The application redeems the code by its key: from now on the telephone is known');
  tokenIn(await phone.redeem(back.searchParams.get('code') ?? '', { redirect_uri: BACK }));
  teller.step('The next day: it begins again, and nobody is sent anywhere');
  const again = await phone.begin();
  teller.step('Somebody who has copied the session, and not the key');
  await new Phone(scene, await newKey()).goOn(again);
  teller.step('The telephone itself is given a code');
  const given = await phone.goOn(again);
  const token = tokenIn(await phone.redeem(String(given.json['authorization_code']), {}));
  teller.claims(token);
  teller.step('It calls the API for them, through the gate, with a proof for this call');
  const target = `${place.api}/accounts/acc-1001`;
  await teller.ask(target, { headers: await phone.shown(token, target) });
}

/** One installation of the application. */
class Phone {
  readonly #scene: DemoScene;
  readonly #key: JWK;
  readonly #passkey: SoftwarePasskey;
  readonly #verifier = randomBytes(32).toString('base64url');

  constructor(scene: DemoScene, key: JWK) {
    this.#scene = scene;
    this.#key = key;
    this.#passkey = passkeyOf(scene.place);
  }

  begin(): Promise<Told> {
    return this.#ask('authorization_challenge_endpoint', {
      ...{ response_type: 'code', scope: 'openid accounts', redirect_uri: BACK },
      code_challenge: createHash('sha256').update(this.#verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
  }

  goOn({ json: told }: Told): Promise<Told> {
    return this.#ask('authorization_challenge_endpoint', {
      auth_session: String(told['auth_session']),
      passkey: JSON.stringify(this.#passkey.shown(told['passkey'] as never)),
    });
  }

  redeem(code: string, more: Readonly<Record<string, string>>): Promise<Told> {
    const grant = { grant_type: 'authorization_code', code, code_verifier: this.#verifier };
    return this.#ask('token_endpoint', { ...grant, ...more });
  }

  async shown(token: string, url: string): Promise<Record<string, string>> {
    const ath = createHash('sha256').update(token).digest('base64url');
    const dpop = await proof(this.#key, { htm: 'GET', htu: url, ath });
    return { authorization: `DPoP ${token}`, dpop };
  }

  async #ask(endpoint: string, fields: Readonly<Record<string, string>>): Promise<Told> {
    const { place, teller, endpoints } = this.#scene;
    const url = endpoints[endpoint];
    if (url === undefined) throw new Error(`the authorization server has no ${endpoint}`);
    const headers = { dpop: await proof(this.#key, { htm: 'POST', htu: url }) };
    return teller.ask(url, { headers, form: { client_id: place.phone.id, ...fields } });
  }
}
