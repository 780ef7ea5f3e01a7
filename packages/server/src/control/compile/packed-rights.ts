import { parseJsonText } from '@poorter/openapi/json';
import type { OperationRights } from '../../access/keys/key-routes.ts';
import { sharedBytes } from '../shared-bytes.ts';

/** What operations ask of their callers, by operation id, over all APIs. */
export type RightsOfOperations = ReadonlyMap<string, OperationRights>;

type Row = readonly [id: string, scopes: readonly string[], roles: readonly string[]];

/** As bytes: control keeps them, and reads them when somebody makes a key. */
export function packRights(rights: RightsOfOperations): Uint8Array {
  const rows = [...rights].map(([id, { scopes, roles }]): Row => [id, [...scopes], [...roles]]);
  return sharedBytes(Buffer.from(JSON.stringify(rows)));
}

/** Decoded when they are first asked for. */
export function unpackRights(bytes: Uint8Array): () => RightsOfOperations {
  let decoded: RightsOfOperations | undefined;
  return () => {
    decoded ??= new Map(
      (parseJsonText(Buffer.from(bytes).toString('utf8')) as Row[]).map(([id, scopes, roles]) => [
        id,
        { scopes: new Set(scopes), roles: new Set(roles) },
      ]),
    );
    return decoded;
  };
}
