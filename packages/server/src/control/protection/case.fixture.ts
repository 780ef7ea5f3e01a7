import type { WeakeningKind } from './weakening.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents are trees of anything.
export type Tree = any;

export const responses = { 200: { description: 'ok', content: { 'application/json': {} } } };
export const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
export const issuer = 'https://login.example';

/** undefined takes it away. */
export function set(tree: Tree, path: string, value: unknown): void {
  const steps = path.replaceAll('[]', '.0').split('.');
  const last = steps.pop() as string;
  let at = tree;
  for (const step of steps) at = at[step] ??= {};
  if (value === undefined) delete at[last];
  else at[last] = value;
}

export interface Case {
  /** As the reference spells it; x-poorter's with a prefix. */
  readonly keys: readonly string[];
  readonly was: (configuration: Tree, description: Tree) => void;
  readonly is: (configuration: Tree, description: Tree) => void;
  readonly kinds: readonly WeakeningKind[];
  /** Also the other way round: neither protects as much as the other. */
  readonly bothWays?: true;
}

export const X = 'x-poorter.';

/** A key of the configuration, or of x-poorter at the operation, that goes from one value to another. */
export function at(
  key: string,
  was: unknown,
  is: unknown,
  kind: WeakeningKind,
  more: Partial<Case> = {},
): Case {
  const setTo = (value: unknown) => (written: Tree, document: Tree) => {
    if (!key.startsWith(X)) return set(written, key, value);
    const operation = document.paths['/things'].get;
    operation['x-poorter'] ??= {};
    set(operation['x-poorter'], key.slice(X.length), value);
  };
  return { keys: [key], was: setTo(was), is: setTo(is), kinds: [kind], ...more };
}
