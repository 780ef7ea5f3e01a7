import { isDeepStrictEqual } from 'node:util';
import { meantFlag } from '../../json-schema/index.ts';
import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place, type Remarks } from '../document/remarks.ts';
import { isDocumentation, type ObjectKind } from './known-fields.ts';
import { isOurExtension } from './object-fields.ts';

/**
 * What a chain of references leads to, with what stands beside them. OpenAPI says that such fields
 * are ignored, other tools let them win: so only those are taken that both readings allow, and one
 * that would change what is checked is an error.
 */
export function withFieldsBeside(
  target: Place,
  references: readonly Place[],
  kind: ObjectKind | 'map',
  remarks: Remarks,
): Place {
  const beside = new Map<string, Place>();
  let place = target;
  for (const reference of references.toReversed()) {
    for (const key of Object.keys(reference.value as object)) {
      const at = child(reference, key);
      if (key !== '$ref' && isTaken(at, key, place, kind, remarks)) beside.set(key, at);
    }
    if (beside.size === 0) continue;
    const members = [...beside].map(([key, at]) => [key, at.value] as const);
    const value = { ...(target.value as object), ...Object.fromEntries(members) };
    place = { ...target, value, beside };
  }
  return place;
}

function isTaken(
  at: Place,
  key: string,
  target: Place,
  kind: ObjectKind | 'map',
  remarks: Remarks,
): boolean {
  if (!isFields(target.value)) return refuse(at, key, remarks);
  if (isDeepStrictEqual(ownMember(target.value, key), at.value)) return false;
  const isAbsent = !Object.hasOwn(target.value, key);
  if (kind === 'map') return isAbsent || refuse(at, key, remarks);
  const isForeign = key.toLowerCase().startsWith('x-') && !isOurExtension(key);
  if (isForeign || key === 'summary' || key === 'description') return false;
  if (isDocumentation(kind, key)) {
    const message = `'${key}' beside a $ref is ignored`;
    remarks.warn('field-beside-reference', at, message, 'write it where the reference leads');
    return false;
  }
  // Swagger's `type` beside a parameter says again what its schema says.
  const schema = ownMember(target.value, 'schema');
  if (isAbsent && isDeepStrictEqual(ownMember(schema, key), at.value)) return false;
  // More headers are more to hold an answer against.
  if (isAbsent && kind === 'response' && key === 'headers') return true;
  // OpenAPI: fields beside the reference of a path item hold, if they are not described twice.
  if (isAbsent && (kind === 'pathItem' || (kind === 'operation' && key === 'x-poorter')))
    return true;
  if (key === 'required' && meantFlag(at.value) !== undefined) {
    return isRequiredBeside(at, meantFlag(ownMember(target.value, key)) ?? false, remarks);
  }
  return refuse(at, key, remarks);
}

/** Required by either is required. */
function isRequiredBeside(at: Place, isRequiredThere: boolean, remarks: Remarks): boolean {
  const isStricter = meantFlag(at.value) === true && !isRequiredThere;
  const message = isStricter
    ? "'required' beside a $ref is read as if it stood where the reference leads"
    : "'required' beside a $ref is ignored: the stricter of the two holds";
  remarks.warn('read-as-meant', at, message, 'write it where the reference leads');
  return isStricter;
}

function refuse(at: Place, key: string, remarks: Remarks): false {
  remarks.error(
    'fields-beside-reference',
    at,
    `tools disagree about '${key}' beside a $ref: some ignore it, some let it win`,
    'move it to where the reference leads',
  );
  return false;
}
