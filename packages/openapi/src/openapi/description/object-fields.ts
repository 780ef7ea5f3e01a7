import { ExactNumber } from '../../json/index.ts';
import { didYouMean, nearest, speaksOfConstraint } from '../../json-schema/index.ts';
import { isFields } from '../document/pointer.ts';
import { child, type Place, type Remarks } from '../document/remarks.ts';
import {
  ENFORCING,
  isDocumentation,
  KNOWN_FIELDS,
  METHODS,
  type ObjectKind,
  plain,
  soundsProtective,
} from './known-fields.ts';

/** Fields of Swagger 2.0 that meant enforcement there. */
const LEFTOVERS: Readonly<Record<string, string>> = {
  type: "move it under 'schema'",
  format: "move it under 'schema'",
  enum: "move it under 'schema'",
  items: "move it under 'schema'",
  pattern: "move it under 'schema'",
  minimum: "move it under 'schema'",
  maximum: "move it under 'schema'",
  minLength: "move it under 'schema'",
  maxLength: "move it under 'schema'",
  properties: "move it under 'schema'",
  collectionFormat: "write 'style' and 'explode'",
  definitions: "move it to 'components.schemas'",
  securityDefinitions: "move it to 'components.securitySchemes'",
  consumes: "list media types under 'requestBody.content'",
  produces: "list media types under 'responses.*.content'",
};
const LEFTOVER_IN: readonly ObjectKind[] = [
  'root',
  'operation',
  'parameter',
  'header',
  'mediaType',
  'response',
  'requestBody',
];

/** Maps at the root whose members do something only where a reference reaches them. */
const REACHED = ['definitions', 'schemas', 'parameters', 'responses', 'requestBodies', 'examples'];

/** True where the place holds an object; its unknown fields are remarked on. */
export function checkFields(
  place: Place,
  kind: ObjectKind,
  remarks: Remarks,
  options: { extensible?: boolean } = {},
): boolean {
  if (!isFields(place.value)) {
    remarks.error(
      'wrong-type',
      place,
      `expected an object (${kind}), found ${nameOf(place.value)}`,
    );
    return false;
  }
  const known: readonly string[] = KNOWN_FIELDS[kind];
  for (const key of Object.keys(place.value)) {
    if (known.includes(key)) continue;
    if (key.toLowerCase().startsWith('x-')) checkExtensionKey(place, key, remarks, options);
    else if (isUpperCaseMethod(kind, key)) continue;
    else checkUnknownField(place, kind, key, remarks);
  }
  return true;
}

function isUpperCaseMethod(kind: ObjectKind, key: string): boolean {
  return kind === 'pathItem' && METHODS.includes(key.toLowerCase());
}

/** A field that may have been meant to protect stops the start; one that cannot is a warning. */
function checkUnknownField(place: Place, kind: ObjectKind, key: string, remarks: Remarks): void {
  const at = child(place, key);
  if (kind === 'root' && REACHED.includes(key) && isFields(at.value)) {
    const code = key === 'definitions' ? 'swagger-leftover' : 'unknown-field';
    const message = `'${key}' at the root enforces only what references reach`;
    remarks.warn(code, at, message, LEFTOVERS[key] ?? `move it to 'components.${key}'`);
    return;
  }
  if (LEFTOVER_IN.includes(kind) && Object.hasOwn(LEFTOVERS, key)) {
    remarks.error(
      'swagger-leftover',
      at,
      `'${key}' is not a field of an OpenAPI 3 ${kind} object and by itself enforces nothing`,
      LEFTOVERS[key],
    );
    return;
  }
  if (key.toLowerCase().includes('poorter')) {
    refuseExtension(at, key, remarks);
    return;
  }
  if (key === '$ref') {
    const message = `a $ref where OpenAPI has none: an ${kind} object`;
    remarks.error('misplaced-reference', at, message, 'write out what it refers to');
    return;
  }
  const known: readonly string[] = KNOWN_FIELDS[kind];
  const message = `'${key}' is not a field of an OpenAPI ${kind} object`;
  const own = nearest(key, known);
  if (isDocumentation(kind, key) || (own !== undefined && isDocumentation(kind, own))) {
    remarks.warn('unknown-field', at, message, didYouMean(key, known));
    return;
  }
  if (own !== undefined && !isCoincidence(place, own)) {
    remarks.error('misspelt-field', at, message, `did you mean '${own}'?`);
    return;
  }
  const elsewhere = ENFORCING.has(key) ? key : nearest(key, ENFORCING, editsAllowed(key));
  if (elsewhere !== undefined && (elsewhere === key || elsewhere.length > 2)) {
    remarks.error(
      'misplaced-field',
      at,
      `${message}: here, it would enforce nothing`,
      homeOf(elsewhere),
    );
    return;
  }
  const isShared = /^[._]/.test(key);
  const isPlain = kind === 'root' ? !mentionsProtection(at.value) : isFlat(at.value);
  const isConstraint = SCHEMA_HOLDERS.includes(kind) && speaksOfConstraint(key, at.value);
  if (soundsProtective(key) || isConstraint || !(isPlain || isShared)) {
    const why = `${message}, and it may have been meant to protect`;
    remarks.error('unknown-field', at, why, `remove it, or call it 'x-${plain(key)}'`);
  } else {
    remarks.warn('unknown-field', at, message, didYouMean(key, known));
  }
}

/** Authors write into these what belongs in their schema. */
const SCHEMA_HOLDERS: readonly ObjectKind[] = ['parameter', 'header', 'mediaType'];

/** A value without parts of its own, or a list of them. */
const isFlat = (value: unknown): boolean =>
  [value].flat().every((word) => !isFields(word) && !Array.isArray(word));

/** Deeper than this, nobody looks for what an unknown object at the root could mean. */
const MENTION_DEPTH_MAX = 4;

function mentionsProtection(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MENTION_DEPTH_MAX) return true;
  return Object.entries(value).some(
    ([key, member]) =>
      key === '$ref' || soundsProtective(key) || mentionsProtection(member, depth + 1),
  );
}

/** Names of other objects are told apart more strictly: there are many of them. */
function editsAllowed({ length }: string): number {
  if (length <= 5) return 1;
  return length <= 9 ? 2 : 3;
}

function homeOf(field: string): string {
  const kinds = Object.entries(KNOWN_FIELDS)
    .filter(([, fields]) => (fields as readonly string[]).includes(field))
    .map(([kind]) => kind);
  if (kinds.length === 0) return `'${field}' belongs into a schema`;
  return `'${field}' is a field of: ${kinds.join(', ')}`;
}

/** Almost every short word is one letter away from `in`; where `in` itself stands, nothing was lost. */
function isCoincidence(place: Place, meant: string): boolean {
  return meant.length <= 4 && Object.hasOwn(place.value as object, meant);
}

function checkExtensionKey(
  place: Place,
  key: string,
  remarks: Remarks,
  { extensible = false }: { extensible?: boolean },
): void {
  if (!isOurExtension(key) || (key === 'x-poorter' && extensible)) return;
  refuseExtension(child(place, key), key, remarks);
}

/** Letters that are wrong, missing, too many or in another order: what was meant to protect must not be lost. */
const SLIPS_MAX = 2;
/** Words of their own, two letters away. */
const OTHER_WORDS = new Set(['x-pointer', 'x-poster', 'x-printer']);

export function isOurExtension(key: string): boolean {
  const name = key.toLowerCase();
  if (!name.startsWith('x') || OTHER_WORDS.has(name)) return false;
  return name.startsWith('x-poorter') || nearest(key, ['x-poorter'], SLIPS_MAX) !== undefined;
}

export function refuseExtension(at: Place, key: string, remarks: Remarks): void {
  if (key === 'x-poorter') {
    remarks.error(
      'misplaced-extension',
      at,
      "'x-poorter' means nothing here",
      'put it at the root, in a path item or in an operation',
    );
  } else {
    remarks.error(
      'unknown-extension',
      at,
      `'${key}' is not an extension this gateway knows`,
      "did you mean 'x-poorter'?",
    );
  }
}

export function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof ExactNumber) return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
