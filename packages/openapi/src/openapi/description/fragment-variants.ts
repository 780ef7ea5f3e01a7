import { isDeepStrictEqual } from 'node:util';
import type { Remarks } from '../document/remarks.ts';
import type { OperationPlan } from '../plan.ts';
import type { ReadOperation } from './read-operations.ts';
import { templateKey } from './template.ts';

/** Each is tried on each call: more of them would be work that a stranger can order. */
const VARIANTS_MAX = 200;

/**
 * `/files/{id}#lock` and `/files/{id}#unlock` are one path to a caller, who sends no fragment. They
 * become one operation with several descriptions, if whoever may call it may call each of them.
 */
export function joinVariants(
  operations: readonly ReadOperation[],
  remarks: Remarks,
): ReadOperation[] {
  const byKey = Map.groupBy(operations, ({ operation }) => {
    return `${operation.method} ${templateKey(operation.plan.template)}`;
  });
  const joined = new Map<ReadOperation, ReadOperation | null>();
  for (const same of byKey.values()) {
    const variants = same.filter(({ isVariant }) => isVariant);
    const bases = same.filter(({ isVariant }) => !isVariant);
    if (same.length < 2 || variants.length === 0 || bases.length > 1) continue;
    const [first, ...others] = [...bases, ...variants] as [ReadOperation, ...ReadOperation[]];
    const unlike = others.find((other) => !isGuardedAlike(first, other));
    if (unlike !== undefined || others.length > VARIANTS_MAX) {
      const { method, path } = first.operation;
      const why =
        unlike === undefined
          ? `more than ${VARIANTS_MAX} descriptions`
          : "descriptions that differ in 'security', 'x-poorter' or the answer 101";
      remarks.error(
        'ambiguous-operations',
        (unlike ?? first).place,
        `${method} ${path} has ${why}, told apart by a fragment that no caller sends`,
        'give them the same security, or paths of their own',
      );
    }
    for (const other of others) joined.set(other, null);
    const plan = {
      ...first.operation.plan,
      variants: others.map(({ operation }) => operation.plan),
    };
    joined.set(first, { ...first, operation: { ...first.operation, plan } });
  }
  return operations.flatMap((read) => {
    const instead = joined.get(read);
    return instead === undefined ? [read] : (instead ?? []);
  });
}

function isGuardedAlike({ operation: left }: ReadOperation, { operation: right }: ReadOperation) {
  return (
    isDeepStrictEqual(left.security, right.security) &&
    isDeepStrictEqual(left.settings, right.settings) &&
    opensTunnel(left.plan) === opensTunnel(right.plan)
  );
}

/** A tunnel is opened before it is known which of them a call fits. */
function opensTunnel({ answers }: OperationPlan): boolean {
  return answers.some(({ status }) => status === '101');
}
