import type { Decision } from '@poorter/engine';
import type { TouchedObjects } from '../messages/call-record.ts';

const NONE: readonly string[] = [];
/** As many as one description has operations, and then some. */
const TEMPLATES_MAX = 50_000;
const namesByTemplate = new Map<string, readonly string[]>();

/** Which objects a call names in its path: values for pseudonyms, never for a record itself. */
export function touchedObjects(decision: Decision | null): TouchedObjects {
  if (decision === null || decision.operation === null || decision.pathValues.length === 0) {
    return null;
  }
  const names = namesIn(decision.operation.operation.compiled.path);
  if (names.length !== decision.pathValues.length) return null;
  const objects: Record<string, string> = Object.create(null);
  for (const [at, name] of names.entries()) objects[name] = decision.pathValues[at] as string;
  return objects;
}

function namesIn(template: string): readonly string[] {
  const known = namesByTemplate.get(template);
  if (known !== undefined) return known;
  const names = template.match(/\{[^{}]+\}/g)?.map((name) => name.slice(1, -1)) ?? NONE;
  if (namesByTemplate.size >= TEMPLATES_MAX) namesByTemplate.clear();
  namesByTemplate.set(template, names);
  return names;
}
