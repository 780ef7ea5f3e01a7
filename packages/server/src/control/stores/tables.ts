import type { AccountTables } from '../../access/accounts/index.ts';
import type { BlockTables } from '../../access/blocks/index.ts';
import type {
  ClientTables,
  InvitationTables,
  RegistrationTables,
} from '../../access/clients/index.ts';
import type { KeyTables } from '../../access/keys/index.ts';
import type { OperatorTables } from '../../access/operators/index.ts';
import type { SigningKeyTables } from '../../access/signing-keys/index.ts';
import type { KeyRingTables } from '../../platform/secrets/index.ts';
import type { ChangeTables } from '../../state/changes/index.ts';
import type { DenialTables } from '../../state/denials/index.ts';
import type { IdempotencyTables } from '../../state/idempotency/index.ts';
import type { SingleUseTables } from '../../state/single-use/index.ts';
import type { SubjectKeyTables } from '../../state/subject-keys/index.ts';
import type { TombstoneMarkTables } from '../../state/tombstones/index.ts';

/** All tables of the state database; each domain describes its own. */
export type StateTables = KeyRingTables &
  ChangeTables &
  KeyTables &
  BlockTables &
  OperatorTables &
  ClientTables &
  InvitationTables &
  RegistrationTables &
  AccountTables &
  SigningKeyTables &
  DenialTables &
  SubjectKeyTables &
  TombstoneMarkTables &
  SingleUseTables &
  IdempotencyTables;
