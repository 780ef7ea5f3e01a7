import type { Documents } from '../document/documents.ts';
import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place, placeKey } from '../document/remarks.ts';

/** Nothing of these constrains a value. */
const ANNOTATIONS = new Set(
  '$id $schema $anchor $comment $defs definitions title description default deprecated readOnly writeOnly example examples externalDocs xml nullable'.split(
    ' ',
  ),
);

/** A schema that is there and says nothing: true, `{}`, remarks alone, or only what is itself open. */
export function isOpenSchema(
  place: Place,
  documents: Documents,
  passed = new Set<string>(),
): boolean {
  const { value } = place;
  if (value === true) return true;
  if (!isFields(value)) return false;
  // What leads back to itself adds nothing, and nothing is looked at twice.
  if (passed.has(placeKey(place))) return true;
  passed.add(placeKey(place));
  const isOpen = (at: Place) => isOpenSchema(at, documents, passed);
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
