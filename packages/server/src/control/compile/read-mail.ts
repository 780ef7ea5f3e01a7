import type { IssuerConfiguration } from '../../configuration/schema.ts';
import type { MailSnapshot } from '../../messages/between-issuer.ts';
import { isLoopback } from '../../platform/addresses/index.ts';
import { readClientTls } from './read-endpoints.ts';
import type { SourceReader } from './source-reader.ts';

/** RFC 8314 §3.3 and RFC 6409 §3.1. */
const PORTS = { 'smtps:': 465, 'smtp:': 587 } as const;

/** Null: nobody is told anything by mail, or it was said why not. */
export function readMail(
  { mail }: Pick<IssuerConfiguration, 'mail'>,
  reader: SourceReader,
): MailSnapshot | null {
  if (mail === undefined) return null;
  const { server, from, user, password, authorities } = mail;
  const at = ['issuer', 'mail'];
  const { protocol, hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isFirst = protocol === 'smtps:';
  const read = readClientTls(at, { authorities }, 'mail server', reader);
  // On this machine nobody is between; whoever names an authority wants TLS there as well.
  const isClear = isLoopback(host) && authorities.length === 0;
  const tls = isFirst ? 'first' : isClear ? 'none' : 'upgraded';
  try {
    const credentials =
      user === undefined || password === undefined
        ? null
        : { user, password: reader.secret(password) };
    const usual = PORTS[isFirst ? 'smtps:' : 'smtp:'];
    return {
      ...{ host, port: port === '' ? usual : Number(port), tls, credentials, from },
      authorities: read.authorities,
    };
  } catch (error) {
    reader.fault([...at, 'password'], 'mail', `reading its password: ${(error as Error).message}`);
    return null;
  }
}
