import { KEY_WITHIN } from '@poorter/engine';
import {
  type Contract,
  type Everywhere,
  type Handlers,
  iso,
  isoTime,
  milliseconds,
  pageLimit,
} from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import { type BlockStore, BlockValueError, type StoredBlock } from './index.ts';

export interface BlockRoutePorts {
  readonly blocks: BlockStore;
  readonly everywhere: Everywhere;
}

/** Who is refused, until when, and why. */
export function blockRoutes({
  blocks,
  everywhere,
}: BlockRoutePorts): Handlers<
  'listBlocks' | 'createBlock' | 'showBlock' | 'undoBlock',
  { readonly blocks: BlockStore }
> {
  return {
    async listBlocks({ query, nowMs }) {
      const page = await blocks.list({
        limit: pageLimit(query),
        ended: query.ended === 'true',
        ...(query.cursor !== undefined && { cursor: query.cursor }),
      });
      const items = page.items.map((block) => shownBlock(block, nowMs));
      return { status: 200, body: { items, next: page.next } };
    },

    createBlock: {
      async change({ body, nowMs, operator }, stores) {
        const until = milliseconds(body.until);
        if (until !== null && !(until > nowMs)) {
          throw new AdminProblem('value_not_acceptable', { reason: 'until: lies in the past' });
        }
        const { kind, value, reason } = body;
        refuseKeyIn({ value, reason });
        try {
          const createdBy = operator.client;
          const block = await stores.blocks.block({ kind, value, reason, until, createdBy });
          return answerOf(block, 201, nowMs);
        } catch (error) {
          if (!(error instanceof BlockValueError)) throw error;
          throw new AdminProblem('value_not_acceptable', { reason: `value: ${error.message}` });
        }
      },
      async spread(_, answer) {
        await everywhere.untilEnforced();
        return answer;
      },
    },

    async showBlock({ path, nowMs }) {
      const block = await blocks.show(path.id);
      if (block === undefined) throw new AdminProblem('not_found');
      return answerOf(block, 200, nowMs);
    },

    undoBlock: {
      async change({ path, nowMs, operator }, stores) {
        const { id } = path;
        const known = await stores.blocks.show(id);
        if (known === undefined) throw new AdminProblem('not_found');
        if (known.endedAt !== null) throw new AdminProblem('not_possible', { reason: 'ended' });
        return answerOf(await stores.blocks.undo(id, operator.client), 200, nowMs);
      },
      async spread(_, answer) {
        await everywhere.announce();
        return answer;
      },
    },
  };
}

/** Whoever blocks a key knows its id: the key itself would be kept, and shown to everybody who reads blocks. */
function refuseKeyIn(texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (!KEY_WITHIN.test(text)) continue;
    const reason = `${name}: holds a key; name it by its id, as the list of keys has it`;
    throw new AdminProblem('value_not_acceptable', { reason });
  }
}

function answerOf<Status extends 200 | 201>(block: StoredBlock, status: Status, nowMs: number) {
  return { status, body: shownBlock(block, nowMs), target: block.id };
}

function shownBlock(block: StoredBlock, nowMs: number): Contract.Block {
  const hasEnded = block.endedAt !== null || (block.until !== null && !(nowMs < block.until));
  return {
    id: block.id,
    kind: block.kind,
    value: block.value,
    reason: block.reason,
    state: block.undoneBy !== null ? 'undone' : hasEnded ? 'ended' : 'active',
    until: iso(block.until),
    created: isoTime(block.createdAt),
    createdBy: block.createdBy,
    undone: block.undoneBy === null ? null : iso(block.endedAt),
  };
}
