import { ExactNumber, type JsonValue } from './types.ts';

/** What of a value asks for a closer look. */
export interface JsonTraits {
  /** Some number in it is an ExactNumber. */
  readonly hasExact: boolean;
  /** Some name in it may be one by which objects of JavaScript inherit: see prototypeMembers. */
  readonly mayPollute: boolean;
}

/** Of almost every value. */
export const PLAIN_TRAITS: JsonTraits = { hasExact: false, mayPollute: false };

export function traitsOf(value: JsonValue): JsonTraits {
  if (typeof value !== 'object' || value === null) return PLAIN_TRAITS;
  let hasExact = false;
  let mayPollute = false;
  // Without recursion: the depth of what was read has no other bound than the reader's.
  const waiting: object[] = [value];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at instanceof ExactNumber) {
      hasExact = true;
      continue;
    }
    const isList = Array.isArray(at);
    for (const name in at) {
      if (!isList) mayPollute ||= mayInherit(name);
      const member = (at as { [name: string]: JsonValue })[name] as JsonValue;
      if (typeof member === 'object' && member !== null) waiting.push(member);
    }
  }
  return hasExact || mayPollute ? { hasExact, mayPollute } : PLAIN_TRAITS;
}

/** Of the text of a whole JSON value without escapes in its names, or of one name. */
export function mayInherit(text: string): boolean {
  return text.includes('__proto__') || text.includes('constructor');
}

/**
 * Members by which a service that merges objects would change what all its objects inherit, each by the
 * names that lead to it: `__proto__`, and `constructor` with a member `prototype`, also where a name is
 * a path, as in `a.__proto__.b`.
 */
export function prototypeMembers(value: JsonValue): (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const waiting: { readonly value: JsonValue; readonly at: Step | null }[] = [{ value, at: null }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value: given, at: parent } = next;
    if (typeof given !== 'object' || given === null || given instanceof ExactNumber) continue;
    for (const [name, member] of Object.entries(given)) {
      const at = { parent, name };
      if (leadsToPrototype(name)) found.push(namesOf(at));
      else if (name === 'constructor' && hasOwn(member, 'prototype')) {
        found.push(namesOf({ parent: at, name: 'prototype' }));
      }
      waiting.push({ value: member, at });
      if (found.length === FOUND_MAX) return found;
    }
  }
  return found;
}

/** More of them tell nothing more. */
const FOUND_MAX = 16;

interface Step {
  readonly parent: Step | null;
  readonly name: string;
}

function namesOf(step: Step): string[] {
  const names: string[] = [];
  for (let at: Step | null = step; at !== null; at = at.parent) names.push(at.name);
  return names.reverse();
}

function hasOwn(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

function leadsToPrototype(name: string): boolean {
  if (!mayInherit(name)) return false;
  const steps = name.split(/[.[\]'"]+/);
  return steps.some(
    (step, index) =>
      step === '__proto__' || (step === 'constructor' && steps[index + 1] === 'prototype'),
  );
}
