import { BUNDLE_WIDTH, OpenBundle } from '../bundle.ts';
import type { Checkpoint, VerifierKey } from '../checkpoint.ts';
import type { BundleHead, LeafRun, LogReader, StoredCheckpoint } from '../log-reader.ts';
import { filterOf } from '../terms.ts';
import { Frontier } from '../tree/frontier.ts';
import { HASH_BYTES, perfectRoot } from '../tree/hashing.ts';
import { levelWidth, TILE_WIDTH } from '../tree/tiles.ts';
import { LeafChecker, type LogVerdict } from './leaf-checker.ts';

const CHECKPOINTS_AT_ONCE = 1_000;

/** The whole log of a node: leaves, hashes and checkpoints, each against the others. */
export async function verifyDatabase(
  reader: LogReader,
  key: VerifierKey,
  since: Checkpoint | null = null,
): Promise<LogVerdict> {
  const checker = new LeafChecker(key, new Frontier(), since);
  const state = await reader.state();
  if (state === null) {
    checker.fail(0, null, 'there is no log of this node');
    return checker.finish();
  }
  const checkpoints = new CheckpointFeed(reader);
  const parents = new Parents(reader);
  await checkpoints.passTo(checker, false);
  let bundles = 0;
  let hasTail = false;
  while (checker.size < state.size && !checker.hasFault) {
    const first = checker.size;
    const run = await readRun(reader, first, checker);
    const tile = await reader.tile(0, first / TILE_WIDTH);
    if (run === null) await dropped(checker, checkpoints, tile, first);
    else await leaves(checker, checkpoints, run, tile);
    if (run?.head) bundles++;
    else if (run !== null) hasTail = true;
    if (run?.head && !checker.hasFault) compareHead(checker, run, run.head);
    if (checker.size % TILE_WIDTH === 0 && !checker.hasFault) {
      await parents.compare(checker, first, tile);
    }
  }
  await checkpoints.passTo(checker, true);
  checker.compareClaims(state);
  // A search would show them all the same.
  const there = await reader.kept();
  if (there.bundles !== bundles || there.hasTail !== hasTail) {
    checker.fail(checker.size, null, 'leaves are there that have no place in the log');
  }
  return checker.finish();
}

async function readRun(
  reader: LogReader,
  first: number,
  checker: LeafChecker,
): Promise<LeafRun | null> {
  try {
    const run = await reader.runOf(first);
    if (run === null || run.first === first) return run;
    checker.fail(first, null, `leaf ${first} is not at its place`);
  } catch (error) {
    const last = first + BUNDLE_WIDTH - 1;
    checker.fail(first, last, `its bundle does not unpack: ${(error as Error).message}`);
  }
  return null;
}

async function leaves(
  checker: LeafChecker,
  checkpoints: CheckpointFeed,
  run: LeafRun,
  tile: Buffer,
): Promise<void> {
  for (const [at, leaf] of run.leaves.entries()) {
    const index = checker.size;
    const hash = checker.leaf(leaf);
    const kept = tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    if (!hash.equals(kept)) checker.fail(index, null, 'the leaf and its hash differ');
    if (checkpoints.next === checker.size) await checkpoints.passTo(checker, false);
    if (checker.hasFault) return;
  }
}

/** What a search goes by must be what the leaves say: otherwise a record is there, and not found. */
function compareHead(checker: LeafChecker, { first, leaves }: LeafRun, head: BundleHead): void {
  const open = new OpenBundle(first);
  for (const leaf of leaves) open.addKept(leaf);
  const last = first + leaves.length - 1;
  if (head.fromTime !== open.fromTime || head.toTime !== open.toTime) {
    checker.fail(first, last, 'the times of the bundle are not those of its leaves');
  }
  // An empty filter hides nothing.
  if (head.terms.length > 0 && !filterOf([distinctTerms(open)]).equals(head.terms)) {
    checker.fail(first, last, 'the search filter of the bundle does not fit its leaves');
  }
}

/** As one list: most leaves repeat the terms of others. */
function distinctTerms({ terms }: OpenBundle): string[] {
  const distinct = new Set<string>();
  for (const list of terms) for (const term of list) distinct.add(term);
  return [...distinct];
}

async function dropped(
  checker: LeafChecker,
  checkpoints: CheckpointFeed,
  tile: Buffer,
  first: number,
): Promise<void> {
  if (tile.length !== TILE_WIDTH * HASH_BYTES) {
    checker.fail(first, first + TILE_WIDTH - 1, 'neither leaves nor their hashes are there');
  }
  for (let at = 0; at < TILE_WIDTH && !checker.hasFault; at++) {
    checker.hashOnly(tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
    if (checkpoints.next === checker.size) await checkpoints.passTo(checker, false);
  }
}

/** Hashes above the leaves: proofs are made from them. */
class Parents {
  readonly #reader: LogReader;

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  /** After the tile that begins at `first`: every tile that it completed. */
  async compare(checker: LeafChecker, first: number, tile: Buffer): Promise<void> {
    let [level, number, hashes] = [0, Math.floor(first / TILE_WIDTH), tile];
    for (;;) {
      const root = perfectRoot(hashes, 0, TILE_WIDTH);
      const parent = await this.#reader.tile(level + 1, Math.floor(number / TILE_WIDTH));
      const at = number % TILE_WIDTH;
      if (!root.equals(parent.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) {
        const width = TILE_WIDTH ** (level + 1);
        const message = `hash ${number} of level ${level + 1} does not fit the leaves below it`;
        return checker.fail(number * width, (number + 1) * width - 1, message);
      }
      if (levelWidth(checker.size, level + 1) % TILE_WIDTH !== 0) return;
      [level, number, hashes] = [level + 1, Math.floor(number / TILE_WIDTH), parent];
    }
  }
}

class CheckpointFeed {
  readonly #reader: LogReader;
  #waiting: StoredCheckpoint[] = [];
  #from = 0;

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  /** The size at which the next checkpoint stands. */
  get next(): number {
    return this.#waiting[0]?.size ?? Number.NaN;
  }

  async passTo(checker: LeafChecker, isEnd: boolean): Promise<void> {
    for (;;) {
      if (this.#waiting.length === 0) {
        this.#waiting = await this.#reader.checkpointsFrom(this.#from, CHECKPOINTS_AT_ONCE);
      }
      const [checkpoint] = this.#waiting;
      if (checkpoint === undefined || (checkpoint.size > checker.size && !isEnd)) return;
      checker.checkpoint(checkpoint.note);
      if (checker.hasFault) return;
      this.#from = checkpoint.size + 1;
      this.#waiting.shift();
    }
  }
}
