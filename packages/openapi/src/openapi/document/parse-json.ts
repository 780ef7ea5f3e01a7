import { placesOfMembers, readJsonDocument } from '../../json/index.ts';
import { faultInJson } from './json-faults.ts';
import { positionsOf } from './line-positions.ts';
import { DEPTH_MAX, type ParsedText } from './parsed-text.ts';

/**
 * JSON by the reader of the calls: what a description says is compared with what they say. Most
 * descriptions are read without anybody asking for a place in them: lines are counted when one is
 * asked for.
 */
export function parseJson(text: string): ParsedText {
  const reading = readJsonDocument(text, BOUNDS);
  if (!reading.ok) {
    const { at, ...words } = faultInJson(text, reading);
    return { ok: false, ...positionsOf(text, [at])[0]!, ...words };
  }
  return {
    ok: true,
    value: reading.value,
    positions: (pointers) => {
      const places = placesOfMembers(text, pointers);
      return positionsOf(
        text,
        places.map(({ name }) => name),
      );
    },
  };
}

/** The length of the text bounds the rest. */
const BOUNDS = {
  depthMax: DEPTH_MAX,
  stringLengthMax: Number.POSITIVE_INFINITY,
  itemsMax: Number.POSITIVE_INFINITY,
};
