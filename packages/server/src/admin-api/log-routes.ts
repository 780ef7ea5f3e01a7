import { problems } from '@poorter/engine';
import { DECISIONS } from '../security-log/index.ts';
import type { Handlers } from './act.ts';
import { AdminProblem, adminProblems } from './admin-problems.ts';
import { pageLimit } from './pages.ts';

/** The security log, as far as operators read it through this API. */
export interface AdminLog {
  search(query: LogQuery): Promise<{ items: readonly unknown[]; next: string | null }>;
  /** Undefined: there is none. */
  show(node: string, index: number): Promise<unknown>;
  prove(node: string, index: number): Promise<unknown>;
  checkpoints(): Promise<readonly { node: string; checkpoint: string; publicKey: string }[]>;
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
  readonly limit: number;
  readonly cursor?: string;
}

const TERMS = ['client', 'subject', 'address', 'operation', 'decision', 'code', 'object', 'node'];

const CODES = [...Object.keys(problems), ...Object.keys(adminProblems)];

/** What happened, who did it, and the proof that nobody changed it since. */
export function logRoutes(log: AdminLog): Handlers {
  return {
    async searchLog({ query }) {
      oneOf('decision', query['decision'], DECISIONS);
      oneOf('code', query['code'], CODES);
      const terms = TERMS.flatMap((term) =>
        query[term] === undefined ? [] : [[term, query[term]] as const],
      );
      const page = await log.search({
        ...Object.fromEntries(terms),
        ...(query['from'] !== undefined && { fromMs: Date.parse(query['from']) }),
        ...(query['to'] !== undefined && { toMs: Date.parse(query['to']) }),
        ...(query['cursor'] !== undefined && { cursor: query['cursor'] }),
        limit: pageLimit(query),
      });
      return { status: 200, body: { items: page.items, next: page.next } };
    },

    async showLogRecord({ path }) {
      return found(await log.show(path['node'] as string, Number(path['index'])));
    },

    async proveLogRecord({ path }) {
      return found(await log.prove(path['node'] as string, Number(path['index'])));
    },

    async readCheckpoints() {
      return { status: 200, body: { items: await log.checkpoints() } };
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

function found(body: unknown) {
  if (body === undefined) throw new AdminProblem('not_found');
  return { status: 200, body };
}
