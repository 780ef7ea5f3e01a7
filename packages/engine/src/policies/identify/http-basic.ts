import * as crypto from 'node:crypto';
import { ABSENT, type Authenticate, type IdentityPorts, rejected } from '../../identity.ts';
import { authenticateKey } from './api-key.ts';
import { readAuthorization } from './credential-places.ts';

/** RFC 7617: the user-id is the name or id of an API key, the password is the key. */
export function compileHttpBasic(ports: IdentityPorts): Authenticate {
  return (request) => {
    const presented = readAuthorization(request.headers, 'basic');
    if (presented.kind === 'absent') return ABSENT;
    if (presented.kind === 'unreadable') return rejected(presented.reason);
    const pair = decodeUserPass(presented.value);
    if (pair === null) return rejected('malformed-basic');
    const { user, password } = pair;
    return authenticateKey(
      password,
      request,
      ports,
      // Both are compared, so that the time does not tell which of them failed.
      (record) => Number(isSame(user, record.name)) + Number(isSame(user, record.id)) > 0,
    );
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeUserPass(token68: string): { user: string; password: string } | null {
  const bytes = Buffer.from(token68, 'base64');
  // Buffer skips what it does not know; only the one canonical spelling is accepted.
  if (bytes.toString('base64') !== token68) return null;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return null;
  }
  // RFC 7617 §2: the first colon separates; control characters are not allowed.
  const split = text.indexOf(':');
  if (split < 0 || /[\x00-\x1f\x7f]/.test(text)) return null;
  return { user: text.slice(0, split), password: text.slice(split + 1) };
}

/** Constant-time: the caller chooses one side. Hashing makes the lengths equal. */
function isSame(given: string, known: string): boolean {
  return crypto.timingSafeEqual(
    crypto.hash('sha256', given, 'buffer'),
    crypto.hash('sha256', known, 'buffer'),
  );
}
