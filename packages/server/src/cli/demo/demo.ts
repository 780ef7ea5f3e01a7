import { resolve } from 'node:path';
import type { CommandWorld } from '../definition/world.ts';
import { type DemoPlace, readDemoPlace } from './demo-place.ts';
import { decoupled } from './flows/decoupled.ts';
import { device } from './flows/device.ts';
import { embedded } from './flows/embedded.ts';
import { machine } from './flows/machine.ts';
import { payment } from './flows/payment.ts';
import { redirect } from './flows/redirect.ts';
import { Teller } from './teller.ts';

/** One flow, with those who take part in it. */
export interface DemoScene {
  readonly place: DemoPlace;
  readonly teller: Teller;
  /** Where the authorization server says that its endpoints are. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Whoever reads this takes the person's part, in a browser of theirs. */
  readonly inBrowser: boolean;
}

export const FLOWS = { redirect, embedded, device, decoupled, machine, payment } as const;

/** Runs it against the server that `npm start` started, and shows each message. */
export async function runDemo(
  { flow, data, browser }: { flow: keyof typeof FLOWS; data: string; browser: boolean },
  { stdout }: CommandWorld,
): Promise<number> {
  const place = readDemoPlace(resolve(data));
  if (place === null) {
    throw new Error(
      `no demo was prepared in ${data}: start one with \`npm start\`, or name its data directory with --data`,
    );
  }
  const teller = new Teller((text) => stdout.write(text));
  teller.step('The client asks where things are (RFC 8414)');
  const { json } = await teller.ask(`${place.origin}/.well-known/oauth-authorization-server`, {
    worthALook: [
      ...['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'],
      'authorization_challenge_endpoint',
      ...['device_authorization_endpoint', 'backchannel_authentication_endpoint'],
      ...['grant_types_supported', 'code_challenge_methods_supported'],
      'authorization_details_types_supported',
    ],
  });
  await FLOWS[flow]({
    place,
    teller,
    endpoints: json as Record<string, string>,
    inBrowser: browser,
  });
  return 0;
}
