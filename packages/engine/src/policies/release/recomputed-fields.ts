import { createHash } from 'node:crypto';

/**
 * The head of an answer of which members were cut: a validator of the old bytes would lie about the new
 * ones (RFC 9110 §8.8, RFC 9530).
 */
export function recomputed(head: readonly string[], bytes: Uint8Array): string[] {
  const digest = createHash('sha256').update(bytes).digest();
  const out: string[] = [];
  for (let index = 0; index < head.length; index += 2) {
    const name = head[index] as string;
    if (name === 'etag') out.push(name, `"${digest.toString('base64url')}"`);
    else if (name === 'content-digest') out.push(name, `sha-256=:${digest.toString('base64')}:`);
    else if (!/^(?:repr-digest|digest|content-md5|accept-ranges|trailer)$/.test(name)) {
      out.push(name, head[index + 1] as string);
    }
  }
  return out;
}
