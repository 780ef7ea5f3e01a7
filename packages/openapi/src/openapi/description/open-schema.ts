import type { Documents } from '../document/documents.ts';
import { type Fields, isFields, ownMember } from '../document/pointer.ts';
import { child, type Place, placeKey } from '../document/remarks.ts';

/** Nothing of these constrains a value. */
const ANNOTATIONS = new Set(
  '$id $schema $anchor $comment $defs definitions title description default deprecated readOnly writeOnly example examples externalDocs xml nullable'.split(
    ' ',
  ),
);

/** References and branches in a row; nobody hides nothing deeper than this. */
const DEPTH_MAX = 100;

/** A schema that is there and says nothing: true, `{}`, remarks alone, or only what is itself open. */
export function isOpenSchema(place: Place, documents: Documents): boolean {
  return look(place, documents, new Map(), 0);
}

/** `known`: what was found of each; while it is looked at, true, as what leads to itself adds nothing. */
function look(
  place: Place,
  documents: Documents,
  known: Map<string, boolean>,
  depth: number,
): boolean {
  const { value } = place;
  if (value === true) return true;
  if (!isFields(value) || depth > DEPTH_MAX) return false;
  const key = placeKey(place);
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, true);
  const isOpen = saysNothing(place, value, documents, (at) =>
    look(at, documents, known, depth + 1),
  );
  known.set(key, isOpen);
  return isOpen;
}

function saysNothing(
  place: Place,
  value: Fields,
  documents: Documents,
  isOpen: (at: Place) => boolean,
): boolean {
  return Object.keys(value).every((key) => {
    if (ANNOTATIONS.has(key) || key.startsWith('x-')) return true;
    const at = child(place, key);
    switch (key) {
      case '$ref': {
        const reference = ownMember(value, '$ref');
        const isPointer = typeof reference === 'string' && /^[^#]*(#(\/|$)|$)/.test(reference);
        const target = isPointer ? documents.attemptTarget(place, reference) : undefined;
        return target !== undefined && isOpen(target);
      }
      case 'allOf':
        return items(at).every(isOpen);
      case 'anyOf':
        return items(at).some(isOpen);
      case 'additionalProperties':
      case 'unevaluatedProperties':
      case 'items':
        return isOpen(at);
      case 'required':
      case 'properties':
      case 'patternProperties':
        return typeof at.value === 'object' && Object.keys(at.value ?? {}).length === 0;
      default:
        return false;
    }
  });
}

function items(at: Place): Place[] {
  return Array.isArray(at.value) ? at.value.map((_, index) => child(at, index)) : [];
}
