import type { OperationPlan, SegmentPlan } from './plan.ts';

const SEMICOLON = /;|%3B/;

export function hasSemicolon(text: string): boolean {
  return text.includes(';') || text.includes('%3B');
}

/**
 * Servlet containers cut `;…` off a segment before they route, other services take it for part of
 * a value. True: the description asks for every semicolon in these values, as the start of a
 * matrix parameter or by a setting. Those in literals have been compared already.
 */
export function describesSemicolons(plan: OperationPlan, values: readonly string[]): boolean {
  return [plan, ...(plan.variants ?? [])].some((one) => describes(one, values));
}

function describes(plan: OperationPlan, values: readonly string[]): boolean {
  if (plan.allowsSemicolons === true) return true;
  const names = plan.template.flatMap(namesOf);
  return values.every((value, index) => {
    if (!SEMICOLON.test(value)) return true;
    const { serialization } =
      plan.parameters.find(({ in: place, name }) => place === 'path' && name === names[index]) ??
      {};
    const isMatrix = serialization?.kind === 'style' && serialization.style === 'matrix';
    return isMatrix && value.startsWith(';');
  });
}

function namesOf(segment: SegmentPlan): readonly string[] {
  return 'names' in segment ? segment.names : [];
}
