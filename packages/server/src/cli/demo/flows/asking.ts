import { createHash, randomBytes } from 'node:crypto';
import type { DemoScene } from '../demo.ts';
import { PlayedPerson } from '../played-person.ts';
import type { Told } from '../teller.ts';
import { listenForAnswer } from './loopback.ts';

const random = () => randomBytes(32).toString('base64url');

/** Sends somebody to the authorization server, waits until they come back, and redeems the code (RFC 9700, RFC 7636). */
export async function askByRedirect(
  scene: DemoScene,
  more: Readonly<Record<string, string>>,
): Promise<Told> {
  const { place, teller, endpoints, inBrowser } = scene;
  const { application, origin } = place;
  const verifier = random();
  const state = random();
  const listening = await listenForAnswer();
  try {
    const url = new URL(endpoints['authorization_endpoint'] ?? '');
    url.search = String(
      new URLSearchParams({
        ...{ client_id: application.id, response_type: 'code', prompt: 'consent' },
        ...{ redirect_uri: listening.redirectUri, state, ...more },
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }),
    );
    let back: string;
    if (inBrowser) {
      teller.step('Open this in your browser, sign in, and say yes');
      teller.say(url.href);
      back = await listening.answer();
    } else {
      teller.step(
        'The application sends a person to the authorization server; they sign in and say yes',
      );
      back = await new PlayedPerson(place, teller).goThrough(url.href);
    }
    teller.step('The application is given a code, and checks who sent it (state, RFC 9207)');
    const given = new URL(back).searchParams;
    teller.say(`  ${back.replaceAll(/(?<==)[^&]{40,}/g, (long) => `${long.slice(0, 28)}…`)}`);
    if (given.get('state') !== state || given.get('iss') !== origin) {
      throw new Error(
        `it did not come from ${origin}: ${given.get('error') ?? 'another state or issuer'}`,
      );
    }
    const code = given.get('code');
    if (code === null) throw new Error(`no code was given: ${given.get('error')}`);
    teller.step('The application redeems the code with its verifier (PKCE)');
    return await teller.ask(endpoints['token_endpoint'] ?? '', {
      form: {
        ...{ grant_type: 'authorization_code', code, client_id: application.id },
        ...{ redirect_uri: listening.redirectUri, code_verifier: verifier },
      },
    });
  } finally {
    listening.close();
  }
}

/** Throws what the server said where it gave no token. */
export function tokenIn(answer: Told): string {
  const { access_token: token, error, error_description: why } = answer.json;
  if (typeof token !== 'string') throw new Error(`no token was given: ${error}, ${why}`);
  return token;
}
