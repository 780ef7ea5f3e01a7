import type { Part, ShapeBuilder } from './build-shapes.ts';
import { countOf, setCount } from './counts.ts';
import { hasFormatAssertion } from './dialects.ts';
import { nearestFormat } from './formats/nearest-format.ts';
import type { Location } from './locations.ts';
import { type NumberRule, TYPE_BITS } from './shape.ts';
import { suggestionOf } from './suggest.ts';
import { writeValue } from './value-text.ts';

/** What any value must equal or be, and what numbers must keep. */
export function addValueRules({ report }: ShapeBuilder, { shape, location, keywords }: Part): void {
  const type = keywords.get('type')?.value;
  if (type !== undefined) {
    shape.types = 0;
    for (const name of Array.isArray(type) ? type : [type]) shape.types |= TYPE_BITS[name]!;
  }
  const values = keywords.get('enum');
  if (values !== undefined) {
    const texts = (values.value as unknown[]).map((value) => writeValue(value));
    shape.values = texts.filter((text) => text !== undefined);
    if (texts.length === 0) {
      report('warning', { location, steps: ['enum'] }, 'an empty enum allows no value at all');
    }
    if (texts.includes(undefined)) {
      report('error', { location, steps: ['enum'] }, 'enum holds a value JSON cannot express');
    }
  }
  const constant = keywords.get('const');
  if (constant !== undefined) {
    const text = writeValue(constant.value);
    if (text === undefined) {
      report('error', { location, steps: ['const'] }, 'const is a value JSON cannot express');
      shape.never = true;
    } else shape.constant = text;
  }
  for (const rule of NUMBER_RULES) {
    const limit = keywords.get(rule)?.value;
    if (limit === undefined) continue;
    shape.limits ??= [];
    shape.limits.push([rule, writeValue(limit)!]);
  }
  const step = keywords.get('multipleOf')?.value;
  if (step !== undefined) shape.multipleOf = writeValue(step)!;
}

export function addStringRules(builder: ShapeBuilder, { shape, location, keywords }: Part): void {
  setCount(shape, keywords, 'minLength');
  setCount(shape, keywords, 'maxLength');
  const pattern = keywords.get('pattern');
  if (pattern !== undefined)
    shape.pattern = builder.patternFor(pattern.value as string, location, ['pattern']);
  const { options, registry } = builder;
  const format = keywords.get('format')?.value as string | undefined;
  const isAsserted = options.assertFormats || options.dialect !== 'json-schema-2020-12';
  if (format !== undefined && (isAsserted || hasFormatAssertion(location.resource, registry))) {
    shape.format = format;
    if (options.formats === 'report') shape.isFormatReported = true;
    remarkOnFormat(builder, location, format);
  }
}

/** An unknown format is an annotation; one that is nearly another was meant to be enforced. */
function remarkOnFormat(
  { isFirstFormat, report }: ShapeBuilder,
  location: Location,
  format: string,
): void {
  const meant = nearestFormat(format);
  if (meant === undefined || !isFirstFormat(format)) return;
  const shown = JSON.stringify(format.slice(0, 100));
  const message = `there is no format ${shown}: nothing is checked by it here and wherever it stands`;
  report('warning', { location, steps: ['format'] }, message, suggestionOf(meant));
}

export function addArrayRules({ shape, keywords, within }: Part): void {
  setCount(shape, keywords, 'minItems');
  setCount(shape, keywords, 'maxItems');
  if (keywords.get('uniqueItems')?.value === true) shape.uniqueItems = true;
  const prefix = keywords.get('prefixItems');
  if (prefix !== undefined) {
    shape.prefixItems = (prefix.value as unknown[]).map((_, i) =>
      within([...prefix.steps, String(i)]),
    );
  }
  for (const name of ['items', 'unevaluatedItems'] as const) {
    const found = keywords.get(name);
    if (found !== undefined) shape[name] = within(found.steps);
  }
  const contains = keywords.get('contains');
  if (contains === undefined) return;
  const min = countOf(keywords, 'minContains') ?? 1;
  const max = countOf(keywords, 'maxContains');
  shape.contains = {
    shape: within(contains.steps),
    min,
    ...(max === undefined ? {} : { max }),
  };
}

const NUMBER_RULES: readonly NumberRule[] = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
];
