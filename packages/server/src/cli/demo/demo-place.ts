import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import type { JWK } from 'jose';
import { z } from 'zod';
import {
  BYTES_MAX,
  readTextIfThere,
  requireOwnFile,
  writeDurably,
} from '../../platform/files/index.ts';

const jwk = z.custom<JWK>((value) => typeof value === 'object' && value !== null);

const schema = z.object({
  /** Where the API is called, without a slash at its end. */
  api: z.url(),
  /** Of the authorization server. */
  origin: z.url(),
  /** An application on somebody's own device: PKCE, and no secret. */
  application: z.object({ id: z.string() }),
  /** An application of the provider's own, which signs people in itself. */
  phone: z.object({ id: z.string() }),
  /** A till that asks people on a device of their own. */
  till: z.object({ id: z.string(), secret: z.string() }),
  /** A program that acts for itself. */
  machine: z.object({ id: z.string(), key: jwk }),
  /** A page that calls with a cookie of the gate, and where it stands; absent in places of before. */
  page: z.object({ id: z.string(), origin: z.url() }).optional(),
  /** Whom whoever reads this may be. */
  reader: z.object({ id: z.string(), login: z.string() }),
  /** Whom the demo plays, with a passkey in software. `id` is its user handle: places of before call it so. */
  played: z.object({ id: z.string(), login: z.string(), passkey: jwk, credential: z.string() }),
});

/** What the flows of the demo act with: clients and people that nothing but the demo knows. */
export type DemoPlace = z.infer<typeof schema>;

const FILE = 'demo.json';

/** Null: no demo was prepared here. Throws where others could have written it. */
export function readDemoPlace(dataDirectory: string): DemoPlace | null {
  const file = join(dataDirectory, FILE);
  const text = readTextIfThere(file, BYTES_MAX.credential);
  if (text === null) return null;
  requireOwnFile(file);
  const { data, error } = schema.safeParse(parseJsonText(text));
  if (data === undefined) {
    throw new Error(
      `${file} is not what \`npm start\` wrote (${error.issues[0]?.path.join('.')}): remove it`,
    );
  }
  return data;
}

/** Keys and a secret stand in it, as in the other files there. */
export function writeDemoPlace(dataDirectory: string, place: DemoPlace): void {
  writeDurably(join(dataDirectory, FILE), `${JSON.stringify(place, null, 2)}\n`);
}
