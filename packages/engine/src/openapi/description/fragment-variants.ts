import { isDeepStrictEqual } from 'node:util';
import type { OperationPlan } from '../plan.ts';
import type { ReadOperation } from './read-operations.ts';
import type { Reading } from './reading.ts';
import { templateKey } from './template.ts';

/** Each is tried on each call: more of them would be work that a stranger can order. */
const VARIANTS_MAX = 200;

/**
 * `/files/{id}#lock` and `/files/{id}#unlock` are one path to a caller, who sends no fragment, and so
 * are `/files/{id}` and `/files/{name}`. They become one operation with several descriptions, if
 * whoever may call it may call each of them.
 */
export function joinVariants(
  operations: readonly ReadOperation[],
  reading: Reading,
): ReadOperation[] {
  const byKey = Map.groupBy(operations, ({ operation }) => {
    return `${operation.method} ${templateKey(operation.plan.template)}`;
  });
  const joined = new Map<ReadOperation, ReadOperation | null>();
  for (const same of byKey.values()) {
    const variants = same.filter(({ isVariant }) => isVariant);
    const bases = same.filter(({ isVariant }) => !isVariant);
    const areNamed = bases.length > 1;
    if (areNamed ? !areToldApartByNames(bases, reading) : variants.length === 0) continue;
    if (same.length < 2) continue;
    const [first, ...others] = [...bases, ...variants] as [ReadOperation, ...ReadOperation[]];
    const unlike = others.find((other) => !isGuardedAlike(first, other));
    if (unlike !== undefined || others.length > VARIANTS_MAX) {
      const { method, path } = first.operation;
      const why =
        unlike === undefined
          ? `more than ${VARIANTS_MAX} descriptions`
          : "descriptions that differ in 'security', 'x-poorter' or the answer 101";
      const by = areNamed ? 'names of path parameters' : 'a fragment that no caller sends';
      reading.remarks.error(
        'ambiguous-operations',
        (unlike ?? first).place,
        `${method} ${path} has ${why}, told apart by ${by}`,
        'give them the same security, or paths of their own',
      );
    }
    for (const { place } of unlike === undefined ? bases.slice(1) : []) {
      const meant = `another description of ${first.operation.path}: a call must fit one of them whole`;
      reading.readAs(place, meant, 'merge the two, or change one path');
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

/** Names of path parameters distinguish nothing; the same path twice is a slip of another kind. */
function areToldApartByNames(bases: readonly ReadOperation[], { manner }: Reading): boolean {
  const namings = bases.map(({ operation }) =>
    operation.plan.template
      .flatMap((segment) => ('names' in segment ? segment.names : []))
      .join('/'),
  );
  return manner === 'meant' && new Set(namings).size === namings.length;
}

function isGuardedAlike({ operation: left }: ReadOperation, { operation: right }: ReadOperation) {
  return (
    isDeepStrictEqual(left.security, right.security) &&
    isDeepStrictEqual(left.extension, right.extension) &&
    opensTunnel(left.plan) === opensTunnel(right.plan)
  );
}

/** A tunnel is opened before it is known which of them a call fits. */
function opensTunnel({ answers }: OperationPlan): boolean {
  return answers.some(({ status }) => status === '101');
}
