import type { Report } from './dialects.ts';
import { couldConstrain, foreignMeaning, isOftenNote } from './foreign-keywords.ts';
import { faultOf, KEYWORD_FORMS, SILENT_KEYWORDS } from './keyword-forms.ts';
import { addressOf, escapeStep, isRecord, type Location, own } from './locations.ts';
import { TYPE_BITS } from './shape.ts';
import { nearest, suggestionOf } from './suggest.ts';
import type { SchemaDiagnostic } from './types.ts';
import { writeValue } from './value-text.ts';

/** Fields of the objects around schemas: within one, they would enforce nothing. */
const MISPLACED = new Set(
  `schema schemas content contentType parameters requestBody requestBodies responses components paths
  servers headers security securitySchemes flows scopes style explode`.split(/\s+/),
);

/**
 * The standard has unknown keywords ignored. As meant, one that could carry a constraint is refused: a
 * slip of the pen, a word of another language, a field of another object, or what holds schemas. Words that
 * are as often a note, of columns and forms, are told.
 *
 * Returns false for a word that may be anything, see remarkOnNotes.
 */
export function remarkOnUnknown(unknown: {
  readonly name: string;
  readonly value: unknown;
  readonly location: Location;
  readonly isMeant: boolean;
  readonly report: Report;
}): boolean {
  const { name, value, location, isMeant, report } = unknown;
  if (SILENT_KEYWORDS.has(name) || name.startsWith('x-')) return true;
  const schema = location.node as object;
  const at = { location, steps: [name] };
  const shown = JSON.stringify(name.slice(0, 100));
  const isPresent = (meant: string) => Object.hasOwn(schema, meant);
  const slip = nearest(name, SPELLABLE, name.length < 9 ? 1 : 2);
  if (isMeant && slip !== undefined && !isPresent(slip)) {
    report('error', at, `there is no keyword ${shown}`, suggestionOf(slip));
    return true;
  }
  const word = foreignMeaning(name, schema) ?? (isMeant ? slip : undefined);
  if (word !== undefined && couldConstrain(name, word, value, schema)) {
    if (isSaid(schema, word, value)) return true;
    const suggestion = suggestionFor(name, word);
    if (isMeant && !isOftenNote(name))
      report('error', at, `there is no keyword ${shown}`, suggestion);
    else report('warning', at, `unknown keyword ${shown} is ignored`, suggestion);
    return true;
  }
  if (isMeant && (MISPLACED.has(name) || holdsSchemas(name, value))) {
    const message = `${shown} is no keyword: what it says would not be enforced`;
    report('error', at, message, "put it where it belongs, or call it 'x-…'");
    return true;
  }
  const meant = name.length < 4 ? undefined : nearest(name, Object.keys(KEYWORD_FORMS));
  if (meant === undefined || isPresent(meant)) return false;
  report('warning', at, `unknown keyword ${shown} is ignored`, suggestionOf(meant));
  return true;
}

/** Named of those that a description has. */
const NOTES_SHOWN = 8;

/** Once for all: whoever meant a constraint by one of these words learns that nothing enforces it. */
export function remarkOnNotes(
  takenForNotes: ReadonlyMap<string, Location>,
  note: (diagnostic: SchemaDiagnostic) => void,
): void {
  const [first] = takenForNotes;
  if (first === undefined) return;
  const names = [...takenForNotes.keys()];
  const shown = names.slice(0, NOTES_SHOWN).map((name) => JSON.stringify(name.slice(0, 100)));
  const more = names.length - shown.length;
  const rest = more === 0 ? '' : ` and ${more} more`;
  const isOne = names.length === 1;
  const what = isOne ? 'is no keyword of JSON Schema' : 'are no keywords of JSON Schema';
  const where = isOne ? 'it, here and wherever it stands' : 'them, wherever they stand';
  note({
    severity: 'warning',
    address: `${addressOf(first[1])}/${escapeStep(first[0])}`,
    message: `${shown.join(', ')}${rest} ${what}: nothing is checked by ${where}`,
    suggestion: "a note to readers that begins with 'x-' is never told",
  });
}

function suggestionFor(name: string, meant: string): string {
  if (meant === 'depth') {
    return `bounds.jsonDepth of the configuration says how deep JSON may be. A note to readers is called ${JSON.stringify(`x-${name.slice(0, 100)}`)}`;
  }
  const words = meant.replace(' and ', '" and "');
  return `did you mean "${words}"? A note to readers is called ${JSON.stringify(`x-${name.slice(0, 100)}`)}`;
}

/** Whether the keyword that is meant says the same beside it. */
function isSaid(schema: object, meant: string, value: unknown): boolean {
  const text = writeValue(value);
  if (text === undefined) return false;
  return meant.split(' and ').every((keyword) => writeValue(own(schema, keyword)) === text);
}

/** Shorter words are a letter away from too much. */
const SPELLABLE = [...Object.keys(KEYWORD_FORMS), 'nullable', 'readOnly', 'writeOnly'].filter(
  ({ length }) => length >= 4,
);

const TELLING = [
  '$ref',
  'enum',
  'properties',
  'items',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'pattern',
];

function looksLikeSchema(value: Record<string, unknown>): boolean {
  const type = own(value, 'type');
  if (typeof type === 'string' && Object.hasOwn(TYPE_BITS, type)) return true;
  return TELLING.some(
    (name) => Object.hasOwn(value, name) && faultOf(name, value[name]) === undefined,
  );
}

/** Maps of schemas that others refer to, as `$defs` is one. */
const SHARED = new Set('def defs definition models types shared common templates'.split(' '));

/** A schema, a list of them, or a map of nothing else. */
function holdsSchemas(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => isRecord(item) && looksLikeSchema(item));
  if (!isRecord(value)) return false;
  if (looksLikeSchema(value)) return true;
  if (SHARED.has(name)) return false;
  const members = Object.values(value);
  return (
    members.length > 0 && members.every((member) => isRecord(member) && looksLikeSchema(member))
  );
}
