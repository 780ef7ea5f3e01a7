import { z } from 'zod';
import { file } from './schema-values.ts';

const NOT_A_SERVER =
  'is not smtp://HOST:PORT or smtps://HOST:PORT; user and password stand in keys of their own';
/** One address, without a name, as it stands between < and >. RFC 5321 §4.1.2, without quotes. */
const MAIL_ADDRESS = /^[^\s<>(),;:"\\[\]@\p{Cc}]{1,64}@[^\s<>(),;:"\\[\]@\p{Cc}]{1,189}$/u;

/** Where notices to people go out. */
export const mail = z
  .strictObject({
    server: z
      .string()
      .refine((text) => isServer(text), { error: NOT_A_SERVER })
      .describe(
        'smtp://HOST:PORT, with STARTTLS, which is required beyond this machine; or smtps://HOST:PORT, with TLS from the first byte.',
      ),
    from: z
      .string()
      .regex(MAIL_ADDRESS, { error: 'is not a mail address, such as no-reply@bank.example' })
      .describe('Address that mails come from.'),
    user: z.string().min(1).max(254).optional().describe('Who sends, where the server asks.'),
    password: z
      .string()
      .regex(/^(?:env|file):./, { error: 'is a secret, named env:NAME or file:PATH' })
      .optional()
      .describe('Their password, as env:NAME or file:PATH.'),
    authorities: z
      .array(file)
      .default([])
      .describe('PEM files trusted instead of the system store.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: 'a user needs a password, and a password a user',
  });

function isServer(text: string): boolean {
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname, search, hash, username, password } = new URL(text);
  return (
    hostname !== '' &&
    [pathname.replace(/^\/$/, ''), search, hash, username, password].join('') === ''
  );
}
