import type { SpoolSnapshot } from '../messages/between-processes.ts';
import { RecordSpool } from '../messages/record-spool.ts';
import type { Notify } from '../platform/notices/index.ts';
import {
  createSpoolMemory,
  SpoolKeeper,
  SpoolPlaces,
  SpoolWriter,
} from '../platform/spool/index.ts';

/** Beside what calls take: records of strangers at the door must not take the place of those. */
const BYTES_MAX = 33_554_432;

export interface IssuerRecords {
  readonly spool: RecordSpool;
  close(): Promise<void>;
}

/** What happens at the authorization server, on its way into the security log: a spool of its own. */
export function openIssuerRecords(
  { directory, node, key }: SpoolSnapshot,
  notify: Notify,
): IssuerRecords {
  const memory = createSpoolMemory(1, BYTES_MAX);
  const keeper = new SpoolKeeper(directory, `${node}.issuer`, memory);
  const places = new SpoolPlaces(memory, 0);
  const name = keeper.begin(0);
  const spool = new RecordSpool(new SpoolWriter({ directory, name, key, places, notify }), null);
  return {
    spool,
    close: async () => {
      await spool.close();
      keeper.ended(0, memory);
    },
  };
}
