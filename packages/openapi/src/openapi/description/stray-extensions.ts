import { child, type Place, type Remarks } from '../document/remarks.ts';
import { METHODS } from './known-fields.ts';
import { isOurExtension, refuseExtension } from './object-fields.ts';

/** Below these stands data, not description. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const', 'value', 'x-poorter']);

/** Maps whose keys are names that the author gives: a header may well be called as we are. */
const NAMES = new Set(
  `headers properties patternProperties schemas $defs definitions dependentSchemas dependentRequired
  requestBodies parameters links securitySchemes scopes variables encoding mapping content
  pathItems mediaTypes`.split(/\s+/),
);

/**
 * What only people read is not looked at otherwise; `x-poorter` in there, or under a misspelt name,
 * would be a policy that nobody enforces.
 */
export function refuseStrayExtensions(root: Place, remarks: Remarks): void {
  const walk = (place: Place, steps: readonly string[], areNames: boolean): void => {
    const { value } = place;
    if (typeof value !== 'object' || value === null) return;
    const isList = Array.isArray(value);
    for (const key of Object.keys(value)) {
      const isField = !isList && !areNames;
      if (isField && isOurExtension(key) && !(key === 'x-poorter' && isExtensible(steps))) {
        refuseExtension(child(place, key), key, remarks);
      }
      if (isField && (DATA.has(key) || key.startsWith('x-'))) continue;
      walk(child(place, key), [...steps, key], isField && NAMES.has(key));
    }
  };
  walk(root, [], false);
}

/** The root, a path item, an operation. */
function isExtensible(steps: readonly string[]): boolean {
  if (steps.length === 0) return true;
  const [first, second] = steps;
  const rest = first === 'paths' ? steps.slice(2) : steps.slice(3);
  if (first !== 'paths' && !(first === 'components' && second === 'pathItems')) return false;
  if (steps.length < (first === 'paths' ? 2 : 3)) return false;
  const [method = 'get', custom, ...more] = rest;
  if (method === 'additionalOperations') return custom !== undefined && more.length === 0;
  return custom === undefined && [...METHODS, 'query'].includes(method.toLowerCase());
}
