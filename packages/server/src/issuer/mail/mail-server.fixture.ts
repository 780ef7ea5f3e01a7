import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came over the wire. */
  readonly raw: string;
  readonly isEncrypted: boolean;
  readonly user: string | null;
}

export interface MailServerUnderTest {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** Resolves when so many have come. */
  until(count: number): Promise<readonly ReceivedMail[]>;
}

/** A real mail server on this machine, that keeps what it is handed. */
export async function startMailServer(
  t: { after(end: () => unknown): void },
  options: SMTPServerOptions = {},
): Promise<MailServerUnderTest> {
  const received: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    ...{ authOptional: true, disableReverseLookup: true, logger: false, hideSTARTTLS: true },
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(parts).toString('utf8'),
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        });
        done();
        for (const look of waiting) look();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve(received);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Its text, as somebody reads it; and its header, unfolded. */
export function readMail({ raw }: ReceivedMail): { header: string; text: string } {
  const split = raw.indexOf('\r\n\r\n');
  const header = raw.slice(0, split).replaceAll(/\r\n[ \t]+/g, ' ');
  const body = raw.slice(split + 4);
  if (/content-transfer-encoding: base64/i.test(header)) {
    return { header, text: Buffer.from(body, 'base64').toString('utf8') };
  }
  if (!/content-transfer-encoding: quoted-printable/i.test(header)) return { header, text: body };
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return { header, text: Buffer.from(bytes, 'latin1').toString('utf8') };
}
