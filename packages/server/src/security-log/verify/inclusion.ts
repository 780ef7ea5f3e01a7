import { z } from 'zod';
import { withoutPrefix } from '../bundle.ts';
import { openCheckpoint, type VerifierKey } from '../checkpoint.ts';
import { signedEnd } from '../export/export-lines.ts';
import type { LogReader } from '../log-reader.ts';
import { hashLeaf } from '../tree/hashing.ts';
import { checkInclusion, proveInclusion } from '../tree/proofs.ts';

const proofSchema = z.strictObject({
  kind: z.literal('inclusion'),
  version: z.literal(1),
  index: z.int().min(0),
  leaf: z.string().describe('Base64 of the leaf.'),
  path: z.array(z.string()).max(64),
  checkpoint: z.string(),
});

/** One record, and why it is in the log: verifies without the log. */
export type InclusionProof = z.output<typeof proofSchema>;

/** Null when the leaf is not there (any more), or not signed yet. */
export async function proveLeaf(
  reader: LogReader,
  key: VerifierKey,
  index: number,
): Promise<InclusionProof | null> {
  const end = await signedEnd(reader, key);
  if (end === null || index >= end.size) return null;
  const run = await reader.runOf(index);
  const prefixed = run?.leaves[index - run.first];
  if (prefixed === undefined) return null;
  const path = await proveInclusion(reader, index, end.size);
  return {
    ...{ kind: 'inclusion', version: 1, index },
    leaf: withoutPrefix(prefixed).toString('base64'),
    path: path.map((hash) => hash.toString('base64')),
    checkpoint: end.note,
  };
}

/** Why a proof does not hold; null when it does. */
export function checkProof(value: unknown, key: VerifierKey): string | null {
  const parsed = proofSchema.safeParse(value);
  if (!parsed.success) return 'this is not an inclusion proof';
  const { index, leaf, path, checkpoint } = parsed.data;
  const opened = openCheckpoint(checkpoint, key);
  if ('fault' in opened) return `its checkpoint is no good: ${opened.fault}`;
  const bytes = Buffer.from(leaf, 'base64');
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  const isCanonical =
    bytes.toString('base64') === leaf &&
    hashes.every((hash, at) => hash.toString('base64') === path[at]);
  const isProven =
    isCanonical && checkInclusion(hashLeaf(bytes), index, opened.size, hashes, opened.root);
  return isProven ? null : 'the leaf is not what was signed at this place';
}
