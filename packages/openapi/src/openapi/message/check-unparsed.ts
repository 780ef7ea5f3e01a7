import type { ShapeType } from '../plan.ts';
import type { BodyCheck } from '../types.ts';
import { refused } from './check-form.ts';
import {
  isObjectAt,
  type JsonBehind,
  type LenientText,
  lenientTexts,
  openingsIn,
  valuesFrom,
  wholeFrom,
} from './json-behind.ts';

export const UNREAD: BodyCheck = { violations: [], value: undefined };

export const isRefused = ({ violations }: BodyCheck): boolean =>
  violations.some(({ isRemark }) => !isRemark);

interface Expected {
  /** Of the schema; null: any. */
  readonly types: readonly ShapeType[] | null;
  readonly isYaml: boolean;
}

/**
 * Services that do not look at the type read JSON under any, some of them its first value alone. What begins as
 * the described list or object does is JSON, or YAML where the type says so; so is what is JSON but for what stands
 * around it. Other text is what it is.
 */
export function checkUnparsed(
  bytes: Uint8Array,
  expected: Expected,
  valuesMax: number,
  checkJson: (json: Uint8Array) => BodyCheck,
): BodyCheck {
  let checked = UNREAD;
  for (const text of lenientTexts(bytes)) {
    let readTo = 0;
    for (const start of openingsIn(text)) {
      // Part of what was read.
      if (start < readTo) continue;
      const whole = wholeFrom(text, start);
      const found = checkBehind(text, whole, expected, checkJson);
      if (isRefused(found)) return found;
      if (found === UNREAD) {
        const values = checkValues(text, start, expected, valuesMax, checkJson);
        if (typeof values !== 'number') return values;
        readTo = values;
      } else {
        checked = found;
        readTo = whole.end;
      }
    }
  }
  return checked;
}

/** Up to where values were read, or what is wrong with one of them. */
function checkValues(
  text: LenientText,
  start: number,
  expected: Expected,
  valuesMax: number,
  checkJson: (json: Uint8Array) => BodyCheck,
): number | BodyCheck {
  let end = start;
  let count = 0;
  for (const value of valuesFrom(text, start)) {
    count += 1;
    if (count > valuesMax) return refused({ rule: 'json-items', pointer: '' });
    const checked = checkBehind(text, value, expected, checkJson);
    if (isRefused(checked)) return checked;
    if (checked !== UNREAD) end = value.end;
    // No JSON: nobody reads on.
    else if (isAllowed(text, value, expected)) break;
  }
  return end;
}

function isAllowed(text: LenientText, { start }: JsonBehind, { types }: Expected): boolean {
  return types?.includes(isObjectAt(text, start) ? 'object' : 'array') ?? true;
}

/** UNREAD where it is no JSON, or not of the schema's types. */
function checkBehind(
  text: LenientText,
  found: JsonBehind,
  expected: Expected,
  checkJson: (json: Uint8Array) => BodyCheck,
): BodyCheck {
  const { start, end, around } = found;
  const { types, isYaml } = expected;
  const isOfType = isAllowed(text, found, expected);
  // A bracket within a text is what is described, or a bracket; YAML has both.
  if (around === 'text' && (!isOfType || isYaml)) return UNREAD;
  const isMeant = around === 'nothing' && types !== null && isOfType;
  const checked = checkJson(text.bytes.subarray(start, end));
  const isNoJson = ({ rule }: { readonly rule: string }) =>
    // Whoever reads leniently puts something in place of what is not UTF-8.
    rule === 'json-syntax' || (rule === 'json-encoding' && !isMeant);
  const isJson = !checked.violations.some(isNoJson);
  // It is JSON to those who tell encodings apart, and no text to all others.
  if (!text.isUtf8)
    return isMeant || isJson ? refused({ rule: 'json-encoding', pointer: '' }) : UNREAD;
  if (!isJson) return isMeant && !isYaml ? checked : UNREAD;
  if (checked.cut === undefined) return { ...checked, value: undefined };
  // What was cut goes on alone: what stood around it would be lost.
  return around === 'nothing' ? checked : refused({ rule: 'readOnly', pointer: '' });
}
