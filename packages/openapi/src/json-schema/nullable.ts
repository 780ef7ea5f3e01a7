import type { Keywords, Report } from './dialects.ts';
import type { Location } from './locations.ts';
import type { CompileOptions } from './types.ts';

/** Keywords by which a schema may refuse null although its `type` names it. */
const DECIDING = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'const'];

/**
 * `nullable: true` as authors mean it: null is one of the values, whatever else the schema says.
 * Adds null to `type` and `enum`, and answers whether that is not enough: then the schema must hold
 * for values other than null only.
 */
export function admitNull(
  keywords: Keywords,
  location: Location,
  options: CompileOptions,
  report: Report,
): boolean {
  if (options.reading !== 'meant' || keywords.get('nullable')?.value !== true) return false;
  const type = keywords.get('type');
  const values = keywords.get('enum');
  const isDecided = DECIDING.some((name) => keywords.has(name));
  const listsNull = !Array.isArray(values?.value) || values.value.includes(null);
  const byLetter = type !== undefined && listsNull && !isDecided;
  if (options.dialect === 'openapi-3.1' || !byLetter) {
    if (type === undefined && listsNull && !isDecided) return false;
    report(
      'warning',
      { location, steps: ['nullable'] },
      'nullable is read as it is meant: null is allowed',
      options.dialect === 'openapi-3.1' ? 'add "null" to type' : 'list null where it is allowed',
    );
  }
  if (isDecided) return true;
  if (type !== undefined) {
    const types = Array.isArray(type.value) ? type.value : [type.value];
    keywords.set('type', { value: [...new Set([...types, 'null'])], steps: type.steps });
  }
  if (values !== undefined && !listsNull) {
    keywords.set('enum', { value: [...(values.value as unknown[]), null], steps: values.steps });
  }
  return false;
}
