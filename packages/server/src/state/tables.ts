import type { KeyRingTables } from '../platform/secrets/index.ts';
import type { BlockTables } from './blocks/index.ts';
import type { ChangeTables } from './changes/index.ts';
import type { IdempotencyTables } from './idempotency/index.ts';
import type { KeyTables } from './keys/index.ts';
import type { OperatorTables } from './operators/index.ts';
import type { SingleUseTables } from './single-use/index.ts';
import type { SubjectKeyTables } from './subject-keys/index.ts';

/** All tables of the state database; each domain describes its own. */
export type StateTables = KeyRingTables &
  ChangeTables &
  KeyTables &
  BlockTables &
  OperatorTables &
  SubjectKeyTables &
  SingleUseTables &
  IdempotencyTables;
