import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import type { KeyRing } from '../../platform/secrets/index.ts';

/** A line, and what binds it to those before it. */
export interface BoundLine {
  readonly text: string;
  readonly mac: string | undefined;
}

/**
 * HMAC-SHA-256 over the line and that of the line before it (RFC 2104): without the key of the installation nobody takes a
 * line out, alters one or puts one in. Lines taken from the end cannot be told from a copy that was made earlier.
 */
export class LineChain {
  readonly #key: Buffer;

  constructor(ring: Pick<KeyRing, 'derive'>) {
    this.#key = ring.derive('tombstones');
  }

  /** The texts as lines of the file, behind the line that is last there. */
  bind(last: string | undefined, texts: readonly string[]): string[] {
    let mac = last === undefined ? undefined : macOf(last);
    return texts.map((text) => {
      mac = this.#macAfter(mac, text);
      return `${text.slice(0, -1)},"mac":"${mac}"}`;
    });
  }

  /** The first that does not follow from those before it; undefined where each does. */
  brokenAt(lines: readonly BoundLine[]): number | undefined {
    let before: string | undefined;
    for (const [index, { text, mac }] of lines.entries()) {
      const wanted = this.#macAfter(before, text);
      if (mac === undefined || !isSame(mac, wanted)) return index;
      before = mac;
    }
    return undefined;
  }

  #macAfter(before: string | undefined, text: string): string {
    return createHmac('sha256', this.#key)
      .update(`${before ?? ''}\n${text}`)
      .digest('base64url');
  }
}

/** What binds it. */
export function macOf(line: string): string | undefined {
  const { mac } = parseJsonText(line) as { mac?: unknown };
  return typeof mac === 'string' ? mac : undefined;
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
