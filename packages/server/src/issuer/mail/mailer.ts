import { createTransport } from 'nodemailer';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { MailSnapshot } from '../../messages/between-issuer.ts';
import { certificateFault } from '../../platform/certificates/index.ts';

export interface Letter {
  readonly to: string;
  readonly name: string;
  readonly language: AccountLanguage;
  readonly subject: string;
  readonly text: string;
}

/** Why a mail did not go out, without an address or a word of it. */
export class MailFault extends Error {
  override readonly name = 'MailFault';
  /** Whoever it is for cannot be reached at all: another try is for nothing. */
  readonly isRefused: boolean;

  constructor(why: string, isRefused: boolean, cause: unknown) {
    super(why, { cause });
    this.isRefused = isRefused;
  }
}

const STEP_MAX_MS = 10_000;
const WHOLE_MAX_MS = 30_000;

/** Hands mails to a server, one at a time, each over a connection of its own. */
export class Mailer {
  readonly #transport: ReturnType<typeof transportOf>;
  readonly #from: string;

  constructor(mail: MailSnapshot) {
    this.#transport = transportOf(mail);
    this.#from = mail.from;
  }

  /** Throws MailFault. */
  async send({ to, name, language, subject, text }: Letter): Promise<void> {
    const from = this.#from;
    try {
      await this.#transport.sendMail({
        ...{ from, subject, text, to: { name, address: to } },
        // To this address and no other, whatever a parser would make of it.
        envelope: { from, to: [to] },
        // RFC 3834 §5: no machine answers it. RFC 3282: in which language it is.
        headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': language },
        ...{ disableFileAccess: true, disableUrlAccess: true },
        signal: AbortSignal.timeout(WHOLE_MAX_MS),
      });
    } catch (error) {
      throw faultOf(error);
    }
  }
}

function transportOf({ host, port, tls, authorities, credentials }: MailSnapshot) {
  return createTransport({
    ...{ host, port, secure: tls === 'first', requireTLS: tls === 'upgraded' },
    ignoreTLS: tls === 'none',
    tls: {
      minVersion: 'TLSv1.2',
      ...(authorities.length > 0 && { ca: [...authorities] }),
    },
    ...(credentials !== null && { auth: { user: credentials.user, pass: credentials.password } }),
    ...{ connectionTimeout: STEP_MAX_MS, greetingTimeout: STEP_MAX_MS, dnsTimeout: STEP_MAX_MS },
    socketTimeout: STEP_MAX_MS,
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
}

/** What servers say may quote the address. */
function faultOf(error: unknown): MailFault {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const status = typeof responseCode === 'number' ? ` ${responseCode}` : '';
  const isRefused = code === 'EENVELOPE' && typeof responseCode === 'number' && responseCode >= 500;
  const what =
    certificateFault(error, 'issuer.mail.authorities') ??
    (typeof code === 'string' ? code : (error as Error).name);
  return new MailFault(`${what}${status}`, isRefused, error);
}
