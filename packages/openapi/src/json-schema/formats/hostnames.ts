import { decodePunycode, encodePunycode } from './punycode.ts';

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** RFC 1123 §2.1, with "xn--" labels held to IDNA 2008 (RFC 5890 §2.3.2.1). */
export function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  const labels = text.split('.');
  return (
    labels.every((label) => {
      if (!LABEL.test(label)) return false;
      if (label.slice(2, 4) !== '--') return true;
      if (!/^xn--/i.test(label)) return false;
      return isALabel(label);
    }) && hasBidiOrder(labels.map(asUnicode))
  );
}

/** RFC 5890 §2.3.2.3: U-labels and plain labels, at most 63 octets each once encoded. */
export function isIdnHostname(text: string): boolean {
  // Encoding never makes a name shorter.
  if (text.length > 253) return false;
  // RFC 3490 §3.1: these are label separators as well as the full stop.
  const labels = text.split(/[.\u3002\uff0e\uff61]/);
  let length = labels.length - 1;
  for (const label of labels) {
    if (/^[\0-\x7f]*$/.test(label)) {
      if (!isHostname(label)) return false;
      length += label.length;
    } else {
      if (label.length > 63 || !isULabel(label)) return false;
      const encoded = `xn--${encodePunycode(label)}`;
      if (encoded.length > 63) return false;
      length += encoded.length;
    }
  }
  return length <= 253 && hasBidiOrder(labels.map(asUnicode));
}

function isALabel(label: string): boolean {
  const encoded = label.slice(4);
  const decoded = decodePunycode(encoded.toLowerCase());
  if (decoded === undefined || !isULabel(decoded)) return false;
  return encodePunycode(decoded) === encoded.toLowerCase();
}

const asUnicode = (label: string): string =>
  /^xn--/i.test(label) ? (decodePunycode(label.slice(4).toLowerCase()) ?? label) : label;

/** RFC 5891 §4.2: normalised, no hyphen at the ends or in third and fourth place, code points. */
function isULabel(label: string): boolean {
  if (/^[\0-\x7f]*$/.test(label) || label.normalize('NFC') !== label) return false;
  const points = Array.from(label);
  if (points[0] === '-' || points.at(-1) === '-') return false;
  if (points[2] === '-' && points[3] === '-') return false;
  if (/^\p{M}/u.test(label)) return false;
  return points.every((_, i) => isPermitted(points, i));
}

/** RFC 5892 §2.6: exceptions to what the general properties say. */
const ALWAYS = new Set(['\u00df', '\u03c2', '\u06fd', '\u06fe', '\u0f0b', '\u3007']);
const NEVER = new Set('\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b');
const LETTER_DIGITS = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
const IGNORED = /^[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}]$/u;
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/;
const IGNORED_BLOCKS = /^[\u20d0-\u20ff\u{1d100}-\u{1d1ff}\u{1d200}-\u{1d24f}]$/u;

function isPermitted(points: readonly string[], at: number): boolean {
  const point = points[at]!;
  if (/^[a-z0-9-]$/.test(point) || ALWAYS.has(point)) return true;
  if (NEVER.has(point)) return false;
  const context = CONTEXT_RULES.get(point);
  if (context !== undefined) return context(points, at);
  if (/^[\u0660-\u0669]$/.test(point)) return !points.some((p) => /^[\u06f0-\u06f9]$/.test(p));
  if (/^[\u06f0-\u06f9]$/.test(point)) return !points.some((p) => /^[\u0660-\u0669]$/.test(p));
  if (isUnstable(point)) return false;
  if (IGNORED.test(point) || IGNORED_BLOCKS.test(point) || OLD_HANGUL_JAMO.test(point))
    return false;
  return LETTER_DIGITS.test(point);
}

/** RFC 5892 §2.2: changed by case folding or compatibility normalisation. */
function isUnstable(point: string): boolean {
  return point.normalize('NFKC').toLowerCase().normalize('NFKC') !== point;
}

type ContextRule = (points: readonly string[], at: number) => boolean;

/** RFC 5892 appendix A. */
const CONTEXT_RULES = new Map<string, ContextRule>([
  ['\u00b7', (points, at) => points[at - 1] === 'l' && points[at + 1] === 'l'],
  ['\u0375', (points, at) => /^\p{Script=Greek}$/u.test(points[at + 1] ?? '')],
  ['\u05f3', (points, at) => /^\p{Script=Hebrew}$/u.test(points[at - 1] ?? '')],
  ['\u05f4', (points, at) => /^\p{Script=Hebrew}$/u.test(points[at - 1] ?? '')],
  [
    '\u30fb',
    (points) =>
      points.some((p) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]$/u.test(p)),
  ],
  ['\u200c', (points, at) => followsVirama(points, at) || joinsBothSides(points, at)],
  ['\u200d', followsVirama],
]);

/** Canonical combining class 9, which patterns cannot ask for: the viramas of Unicode. */
const VIRAMA =
  /^[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1715\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953\ua9c0\uaaf6\uabed\u{10a3f}\u{11046}\u{1107f}\u{110b9}\u{11133}\u{11134}\u{111c0}\u{11235}\u{112ea}\u{1134d}\u{11442}\u{114c2}\u{115bf}\u{1163f}\u{116b6}\u{1172b}\u{11839}\u{119e0}\u{11a34}\u{11a47}\u{11a99}\u{11c3f}\u{11d44}\u{11d45}\u{11d97}]$/u;

function followsVirama(points: readonly string[], at: number): boolean {
  return VIRAMA.test(points[at - 1] ?? '');
}

/** Appendix A.1, second half, for the cursive scripts where joining is the rule. */
function joinsBothSides(points: readonly string[], at: number): boolean {
  const isCursive = (point: string | undefined) =>
    /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}]$/u.test(point ?? '');
  let before = at - 1;
  while (/^\p{Mn}$/u.test(points[before] ?? '')) before--;
  let after = at + 1;
  while (/^\p{Mn}$/u.test(points[after] ?? '')) after++;
  return (
    isCursive(points[before]) &&
    isCursive(points[after]) &&
    // Letters that join on their right side only cannot join a successor.
    !/^[\u0622-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0673\u0675-\u0677\u0688-\u0699]$/.test(
      points[before]!,
    )
  );
}

// Digits of these scripts stand in left-to-right names as well.
// biome-ignore lint/complexity/useRegexLiterals: an older Node cannot parse it, and would not come to say what it lacks
const RIGHT_TO_LEFT = new RegExp(
  String.raw`[[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]--\p{Nd}]`,
  'v',
);

/** RFC 5893 §2, reduced: in a right-to-left name no label mixes in left-to-right letters. */
function hasBidiOrder(labels: readonly string[]): boolean {
  return labels.every((label) => {
    if (!RIGHT_TO_LEFT.test(label)) return true;
    if (/^[\p{Nd}-]/u.test(label)) return false;
    return !/[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}]/u.test(label);
  });
}
