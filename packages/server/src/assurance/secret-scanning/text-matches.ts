import { isAscii, isUtf8 } from 'node:buffer';
import { isWellFormedKey } from '@poorter/engine';
import {
  AFTER_MAX,
  ANCHORS,
  type Anchor,
  BEFORE_MAX,
  CREDENTIAL_BYTES_MAX,
  OWN_KEY,
  WHOLE_FILE_ANCHOR,
} from './anchors.ts';
import { OWN_KEY_RULE } from './finding.ts';
import { LiteralSearch } from './literal-search.ts';
import { HostedRules, type RuleText } from './rules.ts';
import type { ServiceRule } from './service-rule.ts';
import { SERVICE_RULES } from './service-rules.ts';

/** A secret in bytes: where it starts, and what it is. */
export interface ByteMatch {
  readonly rule: string;
  readonly start: number;
  readonly secret: string;
}

/** The part of a content that is in memory. */
export interface TextPart {
  readonly bytes: Buffer;
  readonly end: number;
  /** Anchors from here on have had their turn in an earlier part, or have it in a later one. */
  readonly anchorsFrom: number;
  readonly anchorsUntil: number;
  /** The part is all there is. */
  readonly isWhole: boolean;
  readonly filePath: string;
  readonly ext: string;
}

/** Our own rules in their order. */
const RANKS = new Map(SERVICE_RULES.map(({ id }, index) => [id, index]));
/** Each literal of our own rules, with its rule. */
const SERVICE_ANCHORS = SERVICE_RULES.flatMap((rule) =>
  rule.anchors.map((text) => ({ text, rule, ...(rule.anyCase && { anyCase: true }) })),
);
const LITERALS = [
  ...ANCHORS,
  { text: OWN_KEY.text },
  { text: WHOLE_FILE_ANCHOR.text },
  ...SERVICE_ANCHORS,
] as const;
const OWN_KEY_INDEX = ANCHORS.length;
const WHOLE_FILE_INDEX = ANCHORS.length + 1;
const SERVICE_INDEX = ANCHORS.length + 2;

/** Finds secrets in a part: one pass for the anchors, then the rules on the surroundings of what it found. */
export class TextMatcher {
  readonly #search = new LiteralSearch(LITERALS);
  readonly #rules = new HostedRules();
  /** Rules that no anchor speaks for see everything: slow, and nothing is lost. */
  readonly #unanchored: readonly string[];

  constructor() {
    const anchored = new Set([...ANCHORS.flatMap(({ rules }) => rules), WHOLE_FILE_ANCHOR.rule]);
    this.#unanchored = this.#rules.names.filter((name) => !anchored.has(name));
  }

  matches(part: TextPart): ByteMatch[] {
    const found: ByteMatch[] = [];
    const windows = new Windows();
    let wantsWhole = false;
    this.#search.search(part.bytes, part.end, (literal, at) => {
      if (at < part.anchorsFrom || at >= part.anchorsUntil) return;
      if (literal === OWN_KEY_INDEX) pushOwnKey(part, at, found);
      else if (literal === WHOLE_FILE_INDEX) wantsWhole = true;
      else if (literal >= SERVICE_INDEX) {
        const anchor = SERVICE_ANCHORS[literal - SERVICE_INDEX] as (typeof SERVICE_ANCHORS)[number];
        matchService(anchor.rule, anchor.text.length, part, at, found);
      } else windows.add(ANCHORS[literal] as Anchor, part, at);
    });
    for (const { rule, from, to } of windows.all()) this.#run(rule, part, from, to, found);
    if (wantsWhole && part.isWhole && part.ext === '.json') {
      this.#run(WHOLE_FILE_ANCHOR.rule, part, 0, part.end, found);
    }
    for (const rule of this.#unanchored) this.#run(rule, part, 0, part.end, found);
    return unique(found);
  }

  /** What may be inside a program or an archive's directory: our own keys only. */
  ownKeys(part: TextPart): ByteMatch[] {
    const found: ByteMatch[] = [];
    const bytes = part.bytes.subarray(0, part.anchorsUntil + OWN_KEY.text.length);
    for (let at = bytes.indexOf(OWN_KEY.text, part.anchorsFrom); at >= 0; ) {
      if (at < part.anchorsUntil) pushOwnKey(part, at, found);
      at = bytes.indexOf(OWN_KEY.text, at + 1);
    }
    return found;
  }

  #run(rule: string, part: TextPart, from: number, to: number, found: ByteMatch[]): void {
    const window = decode(part.bytes, from, to, part.end);
    const text: RuleText = { content: window.text, filePath: part.filePath, ext: part.ext };
    for (const match of this.#rules.run(rule, text)) {
      const start = window.from + window.bytesBefore(match.start);
      found.push({ rule: match.rule, start, secret: match.secret });
    }
  }
}

/** Everything a part needs around it, so that a match on its border is seen whole. */
export const PART_BEFORE = BEFORE_MAX;
export const PART_AFTER = Math.max(AFTER_MAX, CREDENTIAL_BYTES_MAX);

/** A checksum decides, so that it does not matter what stands beside the key. */
function pushOwnKey({ bytes, end }: TextPart, at: number, found: ByteMatch[]): void {
  if (at + OWN_KEY.length > end) return;
  const text = bytes.toString('latin1', at, at + OWN_KEY.length);
  if (isWellFormedKey(text)) found.push({ rule: OWN_KEY_RULE, start: at, secret: text });
}

/** The surroundings of one literal: as wide as a match can be, and what stands beside it. */
function matchService(
  rule: ServiceRule,
  length: number,
  part: TextPart,
  at: number,
  found: ByteMatch[],
): void {
  if (rule.isAtAnchor && !mayBegin(rule, length, part, at)) return;
  const from = Math.max(0, at - rule.before);
  const to = Math.min(part.end, at + length + rule.after + 16);
  const window = decode(part.bytes, from, to, part.end);
  const matches = rule.isAtAnchor ? matchAt(rule, window, at) : window.text.matchAll(rule.pattern);
  for (const match of matches) {
    // What begins or ends where the window was cut may be part of something longer; its own window shows it.
    const isCutBefore = match.index === 0 && window.from > 0;
    const isCutAfter = match.index + match[0].length === window.text.length && to < part.end;
    if (isCutBefore || isCutAfter) continue;
    const secret = match.groups?.['secret'] ?? match[0];
    const inMatch = match[0].lastIndexOf(secret);
    const start = window.from + window.bytesBefore(match.index + inMatch);
    found.push({ rule: rule.id, start, secret });
  }
}

/** As the patterns of such rules ask: alone, and long enough. Where a literal is repeated, that is all. */
function mayBegin(
  { wordsAfter = 0 }: ServiceRule,
  length: number,
  { bytes, end }: TextPart,
  at: number,
): boolean {
  if (at > 0 && isWord(bytes[at - 1] as number)) return false;
  const from = at + length;
  if (from + wordsAfter > end) return false;
  for (let next = from; next < from + wordsAfter; next++) {
    if (!isWord(bytes[next] as number)) return false;
  }
  return true;
}

/** Letters, digits, _ and -. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x5f ||
    byte === 0x2d
  );
}

const sticky = new WeakMap<ServiceRule, RegExp>();

function matchAt(rule: ServiceRule, window: Decoded, at: number): RegExpExecArray[] {
  const pattern = sticky.get(rule) ?? new RegExp(rule.pattern.source, 'y');
  sticky.set(rule, pattern);
  pattern.lastIndex = window.charactersBefore(at);
  const match = pattern.exec(window.text);
  return match === null ? [] : [match];
}

interface Window {
  readonly rule: string;
  from: number;
  to: number;
}

/** Where each rule looks; overlapping surroundings are one, so that matches see each other. */
class Windows {
  readonly #ofRule = new Map<string, Window[]>();

  add(anchor: Anchor, part: TextPart, at: number): void {
    if (anchor.isCredentialUrl && !hasCredential(part, at + anchor.text.length)) return;
    const from = Math.max(0, at - anchor.before);
    const to = Math.min(part.end, at + anchor.text.length + anchor.after);
    for (const rule of anchor.rules) {
      const windows = this.#ofRule.get(rule);
      const last = windows?.at(-1);
      if (windows === undefined) this.#ofRule.set(rule, [{ rule, from, to }]);
      else if (last !== undefined && from <= last.to) {
        last.from = Math.min(last.from, from);
        last.to = Math.max(last.to, to);
      } else windows.push({ rule, from, to });
    }
  }

  *all(): Generator<Window> {
    for (const windows of this.#ofRule.values()) yield* windows;
  }
}

/** A colon and then an @, before a slash or a space ends the authority. */
function hasCredential({ bytes, end }: TextPart, from: number): boolean {
  let hasColon = false;
  for (let at = from; at < Math.min(end, from + CREDENTIAL_BYTES_MAX); at++) {
    const byte = bytes[at] as number;
    if (byte === 0x2f || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return false;
    if (byte === 0x3a) hasColon = true;
    else if (byte === 0x40 && hasColon) return true;
  }
  return false;
}

interface Decoded {
  readonly text: string;
  readonly from: number;
  bytesBefore(characters: number): number;
  charactersBefore(at: number): number;
}

function decode(bytes: Buffer, from: number, to: number, end: number): Decoded {
  let first = from;
  let last = to;
  // Not through a character: half a letter at the border would look like no letter.
  for (let moved = 0; moved < 3 && first > 0 && isContinuation(bytes[first]); moved++) first -= 1;
  for (let moved = 0; moved < 3 && last < end && isContinuation(bytes[last]); moved++) last += 1;
  const window = bytes.subarray(first, last);
  // Not UTF-8: one byte is one character, as in ISO 8859-1 and its like.
  if (isAscii(window) || !isUtf8(window)) {
    const text = window.toString('latin1');
    const charactersBefore = (at: number) => at - first;
    return { text, from: first, bytesBefore: (characters) => characters, charactersBefore };
  }
  const text = window.toString('utf8');
  return {
    text,
    from: first,
    bytesBefore: (characters) => Buffer.byteLength(text.slice(0, characters)),
    charactersBefore: (at) => bytes.toString('utf8', first, at).length,
  };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** One secret is one finding, though several rules know its form: the published one's, or that of our first. */
function unique(matches: readonly ByteMatch[]): ByteMatch[] {
  const byPlace = new Map<string, ByteMatch[]>();
  for (const match of matches) {
    const place = `${match.start}\0${match.secret}`;
    const there = byPlace.get(place);
    if (there === undefined) byPlace.set(place, [match]);
    else if (!there.some(({ rule }) => rule === match.rule)) there.push(match);
  }
  return [...byPlace.values()]
    .flatMap((there) => {
      const published = there.filter(({ rule }) => !RANKS.has(rule));
      return published.length > 0 ? published : there.toSorted(byRank).slice(0, 1);
    })
    .sort((one, other) => one.start - other.start);
}

function byRank(one: ByteMatch, other: ByteMatch): number {
  return (RANKS.get(one.rule) ?? 0) - (RANKS.get(other.rule) ?? 0);
}
