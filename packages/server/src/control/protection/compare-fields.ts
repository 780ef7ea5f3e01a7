import { fieldsLetThrough } from '@poorter/engine';
import type { OperationProtection } from './protection.ts';
import { type Remark, some } from './weakening.ts';

/**
 * What the gate takes out of a call unless it is described, and is described now: what proxies say of
 * whom they let in, where a call came in and what it was, and names that some services read as others.
 */
export function compareFields(before: OperationProtection, after: OperationProtection): Remark[] {
  const fields = newlyLetThrough(describedFields(before), after);
  if (fields.length === 0) return [];
  const sentence = `Header fields that were taken out reach the service as callers write them: ${some(fields)}.`;
  return [['header-admitted', sentence]];
}

/** A new operation, held against all others of its service. */
export function compareNewFields(
  others: readonly OperationProtection[],
  added: OperationProtection,
): Remark[] {
  const fields = newlyLetThrough(others.flatMap(describedFields), added);
  if (fields.length === 0) return [];
  const sentence = `A new operation lets header fields through that were taken out of all calls of its service: ${some(fields)}.`;
  return [['header-admitted', sentence]];
}

function newlyLetThrough(before: readonly string[], after: OperationProtection): string[] {
  const described = describedFields(after);
  const known = new Set(fieldsLetThrough(described, before));
  return fieldsLetThrough(described, described).filter((name) => !known.has(name));
}

/** Its header parameters, in lower case. */
export function describedFields({ fields, schemas }: OperationProtection): readonly string[] {
  if (fields !== undefined) return fields;
  const places = [...schemas.checked, ...schemas.unchecked];
  return places.filter((place) => place.in === 'header').map(({ name }) => name);
}
