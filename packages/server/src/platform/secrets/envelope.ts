import { openBytes, SealBrokenError, sealBytes } from './sealed-bytes.ts';

/** Where a sealed value stands. It opens nowhere else. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

export interface SealingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

const VERSION = 'v1';
const SHAPE = /^v1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]+)$/;

/** `v1.KEY.BASE64URL`, authenticated with the place, the key's id and the version. */
export function sealUnder(key: SealingKey, place: SealedPlace, plain: string | Uint8Array): string {
  const bytes = typeof plain === 'string' ? Buffer.from(plain) : plain;
  const sealed = sealBytes(key.bytes, bytes, associated(key, place));
  return `${VERSION}.${key.id}.${sealed.toString('base64url')}`;
}

/** Throws SealBrokenError, also for text that is no envelope. */
export function openUnder(
  keyOf: (id: string) => SealingKey | undefined,
  place: SealedPlace,
  sealed: string,
): Buffer {
  const [, id, text] = SHAPE.exec(sealed) ?? [];
  const key = id === undefined ? undefined : keyOf(id);
  if (key === undefined || text === undefined) {
    throw new SealBrokenError(`${place.table}.${place.column}: no envelope of a key that is known`);
  }
  try {
    return openBytes(key.bytes, Buffer.from(text, 'base64url'), associated(key, place));
  } catch (cause) {
    throw new SealBrokenError(`${place.table}.${place.column} does not open: ${cause}`, { cause });
  }
}

function associated(key: SealingKey, { table, column, row }: SealedPlace): string[] {
  return ['poorter envelope', VERSION, key.id, table, column, row];
}
