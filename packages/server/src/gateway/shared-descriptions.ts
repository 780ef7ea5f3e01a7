import type { RuntimeSnapshot } from '../messages/between-processes.ts';

/**
 * The snapshot with every description in memory that all threads see: posting it to a thread
 * copies no description. One that did not change stays where it was.
 */
export function shareDescriptions(
  snapshot: RuntimeSnapshot,
  before: RuntimeSnapshot | null,
): RuntimeSnapshot {
  const known = new Map(before?.gate.apis.map(({ packed }) => [packed.digest, packed]));
  const apis = snapshot.gate.apis.map((api) => {
    const packed = known.get(api.packed.digest) ?? {
      digest: api.packed.digest,
      bytes: shared(api.packed.bytes),
    };
    return { ...api, packed };
  });
  return { ...snapshot, gate: { ...snapshot.gate, apis } };
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
