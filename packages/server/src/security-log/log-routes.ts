import { problems } from '@poorter/engine';
import { type Contract, type Handlers, pageLimit } from '../admin-api/index.ts';
import { AdminProblem, adminProblems } from '../messages/admin-problems.ts';
import { callIdOf, DECISIONS, impossibleTerm, isObjectTerm } from './index.ts';

/** The security log, as far as operators read it through this API. `left`: the caller has, and nothing is read any more. */
export interface AdminLog {
  search(
    query: LogQuery,
    left?: AbortSignal,
  ): Promise<{ items: readonly Contract.LogRecord[]; next: string | null }>;
  /** Undefined: there is none. */
  show(node: string, index: number, left?: AbortSignal): Promise<Contract.LogRecord | undefined>;
  /** Undefined: there is none. */
  prove(node: string, index: number, left?: AbortSignal): Promise<object | undefined>;
  /** All records of one call; empty: there are none. */
  call(id: string, left?: AbortSignal): Promise<readonly Contract.LogRecord[]>;
  checkpoints(
    left?: AbortSignal,
  ): Promise<readonly { node: string; checkpoint: string; publicKey: string }[]>;
}

export interface LogQuery {
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly client?: string;
  readonly subject?: string;
  readonly address?: string;
  readonly operation?: string;
  readonly decision?: string;
  readonly code?: string;
  readonly object?: string;
  readonly node?: string;
  readonly reported?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

const TERMS = [
  'client',
  'subject',
  'address',
  'operation',
  'decision',
  'code',
  'object',
  'node',
] as const;

const CODES = [...Object.keys(problems), ...Object.keys(adminProblems)];

/** What happened, who did it, and the proof that nobody changed it since. */
export function logRoutes(
  log: AdminLog,
): Handlers<
  'searchLog' | 'showLogRecord' | 'showLoggedCall' | 'proveLogRecord' | 'readCheckpoints'
> {
  return {
    async searchLog({ query, left }) {
      oneOf('decision', query.decision, DECISIONS);
      oneOf('code', query.code, CODES);
      refuseImpossible(query);
      const terms = TERMS.flatMap((term) =>
        query[term] === undefined ? [] : [[term, query[term]] as const],
      );
      const page = await log.search(
        {
          ...Object.fromEntries(terms),
          ...(query.from !== undefined && { fromMs: Date.parse(query.from) }),
          ...(query.to !== undefined && { toMs: Date.parse(query.to) }),
          ...(query.cursor !== undefined && { cursor: query.cursor }),
          ...(query.reported !== undefined && { reported: true }),
          limit: pageLimit(query),
        },
        left,
      );
      return { status: 200, body: { items: page.items, next: page.next } };
    },

    async showLogRecord({ path, left }) {
      return found(await log.show(path.node, Number(path.index), left));
    },

    async showLoggedCall({ path, left }) {
      const id = callIdOf(path.call);
      const items = id === null ? [] : await log.call(id, left);
      return found(items.length === 0 ? undefined : { items });
    },

    async proveLogRecord({ path, left }) {
      return found(await log.prove(path.node, Number(path.index), left));
    },

    async readCheckpoints({ left }) {
      return { status: 200, body: { items: await log.checkpoints(left) } };
    },
  };
}

/** An empty page would read as if it had not happened. */
function oneOf(name: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new AdminProblem('value_not_acceptable', {
    reason: `${name}: is one of ${known.join(', ')}`,
  });
}

/** Terms that no record can have, and spans that hold no moment. */
function refuseImpossible(query: Readonly<Record<string, string | undefined>>): void {
  const { object, from, to } = query;
  const fault = impossibleTerm(query);
  if (fault !== null) refuse(fault);
  if (object !== undefined && !isObjectTerm(object)) {
    refuse('object: is PARAMETER=VALUE, or a pseudonym');
  }
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to)) {
    refuse('to: lies before from');
  }
}

function refuse(reason: string): never {
  throw new AdminProblem('value_not_acceptable', { reason });
}

function found<Body>(body: Body | undefined) {
  if (body === undefined) throw new AdminProblem('not_found');
  return { status: 200 as const, body };
}
