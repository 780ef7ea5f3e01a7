import { extname } from 'node:path';
import { excerptOf, type Finding, Fingerprints, OWN_KEY_RULE, uriOf } from './finding.ts';
import { isPlaceholder } from './placeholder.ts';
import { Places } from './places.ts';
import {
  type ByteMatch,
  PART_AFTER,
  PART_BEFORE,
  TextMatcher,
  type TextPart,
} from './text-matches.ts';

/** What is known of one content when it has been read. */
export interface ContentResult {
  readonly findings: readonly Finding[];
  /** Secrets on lines that say `poorter:allow`. */
  readonly allowed: number;
  /** Secrets beyond the first FINDINGS_MAX. */
  readonly unlisted: number;
  readonly bytes: number;
}

/** One part in memory; larger contents pass through it. A service account's file must fit. */
const PART_BYTES = 1_048_576;
const OVERLAP = PART_BEFORE + PART_AFTER;
/** As git decides: a zero byte early on. */
const BINARY_SEEN_IN = 8_000;
const FINDINGS_MAX = 1_000;
const ALLOW = 'poorter:allow';
/** How far from a secret its line is searched for the comment. */
const ALLOW_WITHIN = 4_096;
const NEWLINE = 0x0a;

/**
 * Looks through one content after another, of any size, in memory that is bounded:
 * `begin`, then `write` or `space` and `filled`, then `end`.
 */
export class ContentScanner {
  readonly #matcher = new TextMatcher();
  readonly #fingerprints = new Fingerprints();
  readonly #buffer = Buffer.allocUnsafe(PART_BYTES + OVERLAP);
  #uri = '';
  #path = '';
  #blob: string | null = null;
  #length = 0;
  #kept = 0;
  #isFirstPart = true;
  #isBinary: boolean | null = null;
  #wide: WideText | null | undefined;
  #bytes = 0;
  #places = new Places();
  #findings: Finding[] = [];
  #seen = new Set<string>();
  #allowed = 0;
  #unlisted = 0;

  begin(path: Uint8Array, blob: string | null = null): void {
    this.#uri = uriOf(path);
    this.#path = Buffer.from(path).toString('utf8');
    this.#blob = blob;
    this.#length = 0;
    this.#kept = 0;
    this.#isFirstPart = true;
    this.#isBinary = null;
    this.#wide = undefined;
    this.#bytes = 0;
    this.#places = new Places();
    this.#findings = [];
    this.#seen.clear();
    this.#allowed = 0;
    this.#unlisted = 0;
  }

  /** Free memory to read into; say with `filled` how much of it was used. */
  space(): Buffer {
    return this.#buffer.subarray(this.#length);
  }

  filled(read: number): void {
    let count = read;
    this.#bytes += read;
    if (this.#wide === undefined && this.#length + count >= 2) {
      this.#wide = wideTextOf(this.#buffer);
      if (this.#wide !== null) {
        count += this.#length;
        this.#length = 0;
      }
    }
    if (this.#wide) {
      const raw = Buffer.from(this.#buffer.subarray(this.#length, this.#length + count));
      this.#append(this.#wide.decode(raw));
      return;
    }
    this.#length += count;
    if (this.#length === this.#buffer.length) this.#scanPart(false);
  }

  write(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const count = bytes.copy(this.space(), 0, from);
      this.filled(count);
      from += count;
    }
  }

  end(): ContentResult {
    this.#scanPart(true);
    return {
      findings: this.#findings,
      allowed: this.#allowed,
      unlisted: this.#unlisted,
      bytes: this.#bytes,
    };
  }

  #append(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const count = bytes.copy(this.#buffer, this.#length, from);
      this.#length += count;
      from += count;
      if (this.#length === this.#buffer.length) this.#scanPart(false);
    }
  }

  #scanPart(isLast: boolean): void {
    this.#isBinary ??= this.#buffer.subarray(0, Math.min(this.#length, BINARY_SEEN_IN)).includes(0);
    const until = isLast ? this.#length : this.#length - PART_AFTER;
    const part: TextPart = {
      bytes: this.#buffer,
      end: this.#length,
      anchorsFrom: this.#kept,
      anchorsUntil: until,
      isWhole: isLast && this.#isFirstPart,
      filePath: this.#path,
      ext: extname(this.#path),
    };
    const matches = this.#isBinary ? this.#matcher.ownKeys(part) : this.#matcher.matches(part);
    this.#keep(matches);
    if (isLast) return;
    const gone = until - PART_BEFORE;
    this.#places.advance(this.#buffer, gone);
    this.#places.shift(gone);
    this.#buffer.copy(this.#buffer, 0, gone, this.#length);
    this.#length -= gone;
    this.#kept = PART_BEFORE;
    this.#isFirstPart = false;
  }

  #keep(matches: readonly ByteMatch[]): void {
    if (matches.length === 0) return;
    const places = this.#places.copy();
    for (const { rule, start, secret } of matches) {
      if (rule !== OWN_KEY_RULE && isPlaceholder(rule, secret)) continue;
      places.advance(this.#buffer, start);
      const { line, column } = places;
      const key = `${rule}\0${line}\0${column}`;
      // What stands in the overlap of two parts is seen twice.
      if (this.#seen.has(key)) continue;
      if (this.#seen.size >= FINDINGS_MAX) {
        this.#unlisted += 1;
        continue;
      }
      this.#seen.add(key);
      if (this.#isAllowed(start)) {
        this.#allowed += 1;
        continue;
      }
      this.#findings.push({
        rule,
        level: rule === OWN_KEY_RULE ? 'error' : 'warning',
        uri: this.#uri,
        line,
        column,
        excerpt: excerptOf(rule, secret),
        fingerprint: this.#fingerprints.of(rule, this.#uri, secret),
        blob: this.#blob,
        commit: null,
      });
    }
  }

  #isAllowed(start: number): boolean {
    const before = this.#buffer.subarray(Math.max(0, start - ALLOW_WITHIN), start);
    const after = this.#buffer.subarray(start, Math.min(this.#length, start + ALLOW_WITHIN));
    const lineStart = before.lastIndexOf(NEWLINE) + 1;
    const lineEnd = after.indexOf(NEWLINE);
    const rest = lineEnd === -1 ? after : after.subarray(0, lineEnd);
    return Buffer.concat([before.subarray(lineStart), rest]).includes(ALLOW);
  }
}

interface WideText {
  decode(bytes: Buffer): Buffer;
}

/** UTF-16, as some editors and shells write it: read as what it says. */
function wideTextOf(bytes: Buffer): WideText | null {
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  if (!isLittle && !isBig) return null;
  const decoder = new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be');
  return { decode: (raw) => Buffer.from(decoder.decode(raw, { stream: true })) };
}
