import { type Shape, TYPE_BITS } from './shape.ts';

/** A sentence fragment for whoever wrote the message; a list longer than this helps nobody. */
const TEXT_MAX = 160;
const VALUES_MAX = 10;

/**
 * What a schema wanted where a value broke one of its keywords, in words: 'integer or null', 'at most
 * 40 characters'. From the description alone, never from the value. Undefined: the keyword says it all.
 */
export function expectedBy(shape: Shape, rule: string, member?: string): string | undefined {
  const text = wordsFor(shape, rule, member);
  if (text === undefined || text.length <= TEXT_MAX) return text;
  return `${text.slice(0, TEXT_MAX - 1)}…`;
}

function wordsFor(shape: Shape, rule: string, member?: string): string | undefined {
  switch (rule) {
    case 'type':
      return shape.types === undefined ? undefined : typeNames(shape.types).join(' or ');
    case 'enum':
      return shape.values === undefined ? undefined : oneOf(shape.values);
    case 'const':
      return shape.constant;
    case 'format':
      return shape.format;
    case 'pattern':
      return shape.pattern?.kind === 'native'
        ? `text matching ${shape.pattern.source}`
        : 'text matching the pattern of the description';
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum': {
      const limit = shape.limits?.find(([name]) => name === rule)?.[1];
      return limit === undefined ? undefined : `${LIMIT_WORDS[rule]} ${limit}`;
    }
    case 'multipleOf':
      return shape.multipleOf === undefined ? undefined : `a multiple of ${shape.multipleOf}`;
    case 'minLength':
      return counted('at least', shape.minLength, 'character');
    case 'maxLength':
      return counted('at most', shape.maxLength, 'character');
    case 'minItems':
      return counted('at least', shape.minItems, 'item');
    case 'maxItems':
      return counted('at most', shape.maxItems, 'item');
    case 'minProperties':
      return counted('at least', shape.minProperties, 'member');
    case 'maxProperties':
      return counted('at most', shape.maxProperties, 'member');
    case 'uniqueItems':
      return 'items that differ';
    case 'discriminator':
      return shape.discriminator === undefined
        ? undefined
        : oneOf(shape.discriminator.targets.map(([name]) => JSON.stringify(name)));
    case 'anyOf':
      return `one of ${shape.anyOf?.length ?? 0} alternatives`;
    case 'oneOf':
      return `exactly one of ${shape.oneOf?.length ?? 0} alternatives`;
    // `member` is a name of the schema: it is missing.
    case 'required':
    case 'dependentRequired':
      return member === undefined ? undefined : `the member ${JSON.stringify(member)}`;
    case 'contains':
    case 'minContains':
      return counted('at least', shape.contains?.min, 'item', ' of the kind in contains');
    case 'maxContains':
      return counted('at most', shape.contains?.max, 'item', ' of the kind in contains');
    case 'propertyNames':
      return `names of members that fit ${nameWords(shape.propertyNames)}`;
    case 'not':
      return 'a value that does not fit the schema in not';
    default:
      return absenceOf(rule);
  }
}

/** What stands where nothing of its kind may. */
function absenceOf(rule: string): string | undefined {
  switch (rule) {
    case 'false':
      return 'no value at all';
    case 'properties':
    case 'patternProperties':
    case 'additionalProperties':
    case 'unevaluatedProperties':
    case 'readOnly':
    case 'writeOnly':
      return 'no member of this name';
    case 'items':
    case 'prefixItems':
    case 'unevaluatedItems':
      return 'no item at this place';
    default:
      return undefined;
  }
}

/** Every keyword that names ask for is a word of its own. */
function nameWords(names: Shape | undefined): string {
  const rules = ['enum', 'const', 'format', 'pattern', 'minLength', 'maxLength'];
  const words = rules.flatMap((rule) => {
    const has = names === undefined ? undefined : wordsFor(names, rule);
    return has === undefined ? [] : [has];
  });
  return words.length === 0 ? 'the schema in propertyNames' : words.join(', ');
}

const LIMIT_WORDS = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
} as const;

function typeNames(types: number): string[] {
  const names = Object.keys(TYPE_BITS).filter(
    (name) => (types & (TYPE_BITS[name] as number)) !== 0,
  );
  return names.includes('number') ? names.filter((name) => name !== 'integer') : names;
}

function oneOf(values: readonly string[]): string {
  const shown = values.slice(0, VALUES_MAX).join(', ');
  const more = values.length > VALUES_MAX ? ` and ${values.length - VALUES_MAX} more` : '';
  return values.length === 1 ? shown : `one of ${shown}${more}`;
}

function counted(
  words: string,
  count: number | undefined,
  what: string,
  more = '',
): string | undefined {
  if (count === undefined) return undefined;
  return `${words} ${count} ${what}${count === 1 ? '' : 's'}${more}`;
}
