import { type Checkpoint, openCheckpoint, type VerifierKey } from '../checkpoint.ts';
import { parseLeaf } from '../leaf.ts';
import { Frontier } from '../tree/frontier.ts';
import { hashPrefixedLeaf } from '../tree/hashing.ts';

/** What is wrong first. */
export interface LogFault {
  /** The first leaf that is not what was signed, or the first of the range in which it is. */
  readonly index: number;
  /** The last leaf of that range; null when the leaf itself is known. */
  readonly until: number | null;
  readonly message: string;
}

export interface LogVerdict {
  readonly fault: LogFault | null;
  /** Leaves looked at, from `from` on. */
  readonly from: number;
  readonly size: number;
  /** The largest size for which a signature stands. */
  readonly signedSize: number;
  readonly signedNote: string | null;
  readonly checkpoints: number;
  /** Leaves before this one were dropped by retention: only their hashes could be checked. */
  readonly dropped: number;
  readonly records: number;
  /** Records that are known to be missing, by the log's own account. */
  readonly lost: number;
  /** Writers whose spool was taken away: nobody knows how many of their records are missing. */
  readonly robbed: number;
}

/** The recorder signs after 16,384 leaves at the latest, and those of one batch may come on top. */
const UNSIGNED_MAX = 131_072;
const GAP = Buffer.from('"type":"gap"');
const RETENTION = Buffer.from('"type":"retention"');

/**
 * Takes leaves and checkpoints in order and holds the one against the other. Needs nothing but the
 * public key, and memory that grows with the logarithm of the log.
 */
export class LeafChecker {
  readonly #key: VerifierKey;
  readonly #from: number;
  readonly #tree: Frontier;
  readonly #since: Checkpoint | null;
  #hasMetSince = false;
  #goodSize: number;
  #signed: { size: number; note: string } | null = null;
  #checkpoints = 0;
  #dropped = 0;
  /** Up to here leaves were dropped, as signed leaves of the log itself say. */
  #mayBeDropped = 0;
  /** The same, of leaves that no checkpoint covers yet: anybody could have added them. */
  #mayBeDroppedOnceSigned = 0;
  #lost = 0;
  #robbed = 0;
  /** The first that is there and not only its hash. */
  #firstLeaf: number | null = null;
  #fault: LogFault | null = null;

  constructor(key: VerifierKey, tree = new Frontier(), since: Checkpoint | null = null) {
    this.#key = key;
    this.#from = tree.size;
    this.#goodSize = tree.size;
    this.#tree = tree;
    this.#since = since;
    if (since !== null && since.size < tree.size) {
      this.fail(tree.size, null, `the remembered checkpoint is of size ${since.size}, before it`);
    }
    this.#compareSince();
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Roots of the perfect subtrees so far. */
  get roots(): readonly Buffer[] {
    return this.#tree.roots;
  }

  get hasFault(): boolean {
    return this.#fault !== null;
  }

  /** Only the first fault counts. */
  fail(index: number, until: number | null, message: string): void {
    this.#fault ??= { index, until, message };
  }

  /** Behind its prefix. Returns its hash. */
  leaf(prefixed: Buffer): Buffer {
    const hash = hashPrefixedLeaf(prefixed);
    this.#firstLeaf ??= this.#tree.size;
    if (prefixed.includes(GAP)) this.#noteGap(prefixed);
    if (prefixed.includes(RETENTION)) this.#allowDropped(prefixed);
    this.#push(hash);
    return hash;
  }

  #noteGap(prefixed: Buffer): void {
    const leaf = parseLeaf(prefixed.toString('utf8', 1));
    if (leaf?.type !== 'gap') return;
    this.#lost += leaf.count ?? 0;
    if (leaf.cause === 'removed') this.#robbed += 1;
  }

  /** A leaf that retention dropped. */
  hashOnly(hash: Buffer): void {
    this.#push(hash);
    this.#dropped = this.#tree.size;
  }

  checkpoint(note: string): void {
    const checkpoint = openCheckpoint(note, this.#key);
    const at = this.#tree.size;
    if ('fault' in checkpoint) {
      const { fault } = checkpoint;
      return this.fail(this.#goodSize, at - 1, `a checkpoint at size ${at} is no good: ${fault}`);
    }
    if (checkpoint.size !== at) {
      return this.fail(at, null, `${checkpoint.size} leaves were signed, ${at} are there`);
    }
    if (!checkpoint.root.equals(this.#tree.root())) {
      const message = `the leaves are not those that were signed at size ${at}`;
      return this.fail(this.#goodSize, Math.max(this.#goodSize, at - 1), message);
    }
    this.#checkpoints++;
    this.#goodSize = at;
    this.#mayBeDropped = Math.max(this.#mayBeDropped, this.#mayBeDroppedOnceSigned);
    this.#signed = { size: at, note };
  }

  /** What the log says of itself beside its leaves, which nothing signs. */
  compareClaims({ size, dropped }: { readonly size: number; readonly dropped: number }): void {
    const there = this.#tree.size;
    if (there !== size) this.fail(there, null, `the log says ${size} leaves, ${there} are there`);
    const signed = this.#mayBeDropped;
    if (dropped !== signed) {
      const [from, to] = [Math.min(dropped, signed), Math.max(dropped, signed)];
      const message = `the log says that leaves before ${dropped} were dropped, its signed records say ${signed}`;
      this.fail(from, to - 1, message);
    }
    const first = this.#firstLeaf;
    if (first !== null && first < signed) {
      this.fail(first, signed - 1, 'leaves are there that retention has dropped');
    }
    const unsigned = there - (this.#signed?.size ?? 0);
    if (there > 0 && this.#signed === null) {
      this.fail(0, there - 1, 'nothing of it is signed, and the first leaves always are');
    } else if (unsigned > UNSIGNED_MAX) {
      this.fail(there - unsigned, there - 1, `${unsigned} leaves are not signed: too many`);
    }
  }

  finish(): LogVerdict {
    if (this.#since !== null && !this.#hasMetSince) {
      const { size } = this.#since;
      const message = `the log is shorter than what was remembered: ${size} leaves`;
      this.fail(this.#tree.size, null, message);
    }
    if (this.#dropped > this.#mayBeDropped) {
      const message = 'leaves are missing that no retention dropped';
      this.fail(this.#mayBeDropped, this.#dropped - 1, message);
    }
    return {
      ...{ fault: this.#fault, from: this.#from, size: this.#tree.size },
      ...{ signedSize: this.#signed?.size ?? 0, signedNote: this.#signed?.note ?? null },
      ...{ checkpoints: this.#checkpoints, dropped: this.#dropped, lost: this.#lost },
      robbed: this.#robbed,
      records: this.#tree.size - this.#from,
    };
  }

  #push(hash: Buffer): void {
    this.#tree.push(hash);
    if (this.#since !== null && this.#tree.size === this.#since.size) this.#compareSince();
  }

  #compareSince(): void {
    if (this.#since === null || this.#tree.size !== this.#since.size) return;
    this.#hasMetSince = true;
    if (this.#since.root.equals(this.#tree.root())) return;
    const last = this.#since.size - 1;
    this.fail(this.#goodSize, last, 'this is not the log that was remembered: it forked before');
  }

  #allowDropped(prefixed: Buffer): void {
    const leaf = parseLeaf(prefixed.toString('utf8', 1));
    if (leaf?.type !== 'retention' || typeof leaf.before !== 'number') return;
    // Nothing could drop what came after it.
    if (!(leaf.before <= this.#tree.size)) return;
    this.#mayBeDroppedOnceSigned = Math.max(this.#mayBeDroppedOnceSigned, leaf.before);
  }
}
