import type { Transaction } from 'kysely';
import {
  AccountImport,
  AccountNoticeStore,
  AccountStore,
  type AccountTables,
  CredentialStore,
  DirectoryGroupStore,
  DirectoryStore,
  DirectoryUserStore,
  GrantStore,
  IdentityStore,
  PersonalValuesOfAccounts,
  RecoveryCodeStore,
} from '../../access/accounts/index.ts';
import { BlockStore, type BlockTables, PersonalValuesOfBlocks } from '../../access/blocks/index.ts';
import {
  ClientStore,
  type ClientTables,
  InvitationStore,
  type InvitationTables,
  RegistrationStore,
  type RegistrationTables,
} from '../../access/clients/index.ts';
import { PersonEraser } from '../../access/erasure/index.ts';
import { KeyStore, type KeyTables, PersonalValuesOfKeys } from '../../access/keys/index.ts';
import { OperatorStore, type OperatorTables } from '../../access/operators/index.ts';
import { SigningKeyStore, type SigningKeyTables } from '../../access/signing-keys/index.ts';
import {
  type Database,
  type DatabaseOptions,
  type DatabasePlace,
  migrate,
  openDatabase,
} from '../../platform/database/index.ts';
import { platformNotice } from '../../platform/notices/index.ts';
import { type KeyRing, type MasterKeyProvider, openKeyRing } from '../../platform/secrets/index.ts';
import type { Replay } from '../../state/backup/index.ts';
import { CHANGE_LOCK, ChangeFeed, type ChangeTables } from '../../state/changes/index.ts';
import { DenialStore, type DenialTables } from '../../state/denials/index.ts';
import { IdempotencyStore, type IdempotencyTables } from '../../state/idempotency/index.ts';
import type { StateWorld } from '../../state/index.ts';
import { stateMigrations } from '../../state/index.ts';
import { SingleUseStore, type SingleUseTables } from '../../state/single-use/index.ts';
import { SubjectKeys, type SubjectKeyTables } from '../../state/subject-keys/index.ts';
import {
  keepMark,
  PendingTombstones,
  type TombstoneLog,
  Tombstones,
} from '../../state/tombstones/index.ts';
import { mendTombstones } from './mend-tombstones.ts';
import type { StateTables } from './tables.ts';

export interface StateSettings {
  readonly place: DatabasePlace;
  readonly options?: DatabaseOptions;
  readonly masterKey: MasterKeyProvider;
  /** Local even when the database is not: tombstones stand there. */
  readonly dataDirectory: string;
  readonly world: StateWorld;
}

/** Everything that control keeps, apart from the log. */
export interface State {
  readonly database: Database<StateTables>;
  readonly ring: KeyRing;
  readonly keys: KeyStore;
  readonly blocks: BlockStore;
  readonly operators: OperatorStore;
  readonly clients: ClientStore;
  readonly invitations: InvitationStore;
  readonly registrations: RegistrationStore;
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly grants: GrantStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly accountNotices: AccountNoticeStore;
  readonly accountImport: AccountImport;
  readonly signingKeys: SigningKeyStore;
  readonly denials: DenialStore;
  readonly subjectKeys: SubjectKeys;
  readonly persons: PersonEraser;
  readonly identities: IdentityStore;
  readonly directories: DirectoryStore;
  readonly directoryUsers: DirectoryUserStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly singleUse: SingleUseStore;
  readonly idempotency: IdempotencyStore;
  readonly changes: ChangeFeed;
  /** What a process that was killed, or a backup, had left to do. */
  readonly replayed: Replay;
  /**
   * All that an operator asked for, or nothing of it: `work` judges and changes in one transaction,
   * through the stores that it is given and no others. It may run more than once. What it ends has its
   * tombstones before it is committed, and none when it is not.
   */
  act<Result>(work: (stores: ActStores) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** The stores as one act sees and changes them. */
export type ActStores = Pick<
  State,
  | 'keys'
  | 'blocks'
  | 'operators'
  | 'clients'
  | 'invitations'
  | 'registrations'
  | 'accounts'
  | 'credentials'
  | 'grants'
  | 'recoveryCodes'
  | 'accountNotices'
  | 'accountImport'
  | 'signingKeys'
  | 'denials'
  | 'persons'
  | 'subjectKeys'
  | 'idempotency'
>;

type Stores = Omit<State, 'replayed'>;

/**
 * Opens it, brings its tables to this version and its keys into memory, and repeats the erasures and
 * revocations whose tombstones stand in the data directory.
 */
export async function openState(settings: StateSettings): Promise<State> {
  const database = await openDatabase<StateTables>(settings.place, settings.options);
  try {
    await migrate(database, stateMigrations(), settings.world.now);
    const ring = await openKeyRing(database, settings.masterKey, settings.world.now);
    const tombstones = new Tombstones(settings.dataDirectory, ring);
    return await tombstones.readOnce(async () => {
      const altered = tombstones.adopt();
      const lost = await mendTombstones(database, tombstones, settings.world.now());
      const broken = altered ?? lost;
      if (broken !== undefined)
        settings.options?.notify?.(platformNotice('tombstones_broken', broken));
      const stores = storesOver(database, ring, tombstones, settings.world);
      return { ...stores, replayed: await replayTombstones(stores) };
    });
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function replayTombstones(state: Stores): Promise<Replay> {
  const erased = await state.subjectKeys.replayTombstones();
  const persons = await state.persons.replayTombstones();
  let revoked = 0;
  for (const store of [
    ...[state.keys, state.operators, state.clients, state.accounts, state.grants],
    ...[state.signingKeys, state.invitations, state.registrations],
    ...[state.credentials, state.directoryGroups],
  ]) {
    revoked += await store.replayTombstones();
  }
  return { erased: erased + persons, revoked };
}

function storesOver(
  database: Database<StateTables>,
  ring: KeyRing,
  tombstones: Tombstones,
  world: StateWorld,
): Stores {
  const stores = actStores(database, ring, tombstones, world);
  const accountTables = database.as<AccountTables>();
  return {
    ...stores,
    database,
    ring,
    identities: new IdentityStore(accountTables, ring, tombstones, world),
    directories: new DirectoryStore(accountTables, world),
    directoryUsers: new DirectoryUserStore(accountTables, ring, tombstones, world),
    directoryGroups: new DirectoryGroupStore(accountTables, ring, tombstones, world),
    singleUse: new SingleUseStore(database.as<SingleUseTables>(), ring, world),
    changes: new ChangeFeed(database.as<ChangeTables>()),
    act: (work) => actWhole(database, ring, tombstones, world, work, stores),
    close: () => database.close(),
  };
}

function actStores(
  database: Database<StateTables>,
  ring: KeyRing,
  tombstones: TombstoneLog,
  world: StateWorld,
): ActStores {
  const subjectKeys = new SubjectKeys(database.as<SubjectKeyTables>(), ring, tombstones, world);
  const idempotency = new IdempotencyStore(database.as<IdempotencyTables>(), ring, world);
  return {
    keys: new KeyStore(database.as<KeyTables>(), ring, tombstones, world),
    blocks: new BlockStore(database.as<BlockTables>(), ring, tombstones, world),
    operators: new OperatorStore(database.as<OperatorTables>(), ring, tombstones, world),
    accounts: new AccountStore(database.as<AccountTables>(), ring, tombstones, world),
    credentials: new CredentialStore(database.as<AccountTables>(), ring, tombstones, world),
    grants: new GrantStore(database.as<AccountTables>(), ring, tombstones, world),
    recoveryCodes: new RecoveryCodeStore(database.as<AccountTables>(), ring, world),
    accountNotices: new AccountNoticeStore(database.as<AccountTables>(), world),
    accountImport: new AccountImport(database.as<AccountTables>(), ring, world),
    clients: new ClientStore(database.as<ClientTables>(), ring, tombstones, world),
    invitations: new InvitationStore(database.as<InvitationTables>(), ring, tombstones, world),
    registrations: new RegistrationStore(
      database.as<RegistrationTables>(),
      ...[ring, tombstones, world],
    ),
    signingKeys: new SigningKeyStore(database.as<SigningKeyTables>(), ring, tombstones, world),
    denials: new DenialStore(database.as<DenialTables>(), world),
    subjectKeys,
    // Whoever keeps something of persons stands here: `every-table-is-erased.test.ts` holds it against the tables.
    persons: new PersonEraser({
      ...{ database: database.as<Record<string, unknown>>(), subjectKeys, tombstones, world },
      values: [
        new PersonalValuesOfKeys(database.as<KeyTables>(), ring, world),
        new PersonalValuesOfBlocks(database.as<BlockTables>(), ring, world),
        new PersonalValuesOfAccounts(database.as<AccountTables>(), ring, world),
      ],
      copies: [idempotency],
    }),
    idempotency,
  };
}

async function actWhole<Result>(
  database: Database<StateTables>,
  ring: KeyRing,
  tombstones: Tombstones,
  world: StateWorld,
  work: (stores: ActStores) => Promise<Result>,
  whole: ActStores,
): Promise<Result> {
  let kept: PendingTombstones | null = null;
  try {
    const result = await database.write(async (transaction) => {
      // An attempt before this one was rolled back.
      kept?.retract();
      kept = null;
      const pending = new PendingTombstones(tombstones);
      const done = await work(actStores(database.within(transaction), ring, pending, world));
      // Before the commit: killed between the two, the next start finishes it.
      await keepWithMark(pending, transaction, tombstones);
      kept = pending;
      return done;
    }, CHANGE_LOCK);
    await afterErasure(kept, database, whole);
    return result;
  } catch (error) {
    // Where nobody knows whether it was committed, a right that was taken away stays away.
    if (wasRolledBack(database, error)) await retractAlone(kept, database, tombstones);
    throw error;
  }
}

async function keepWithMark(
  pending: PendingTombstones,
  transaction: Transaction<StateTables>,
  tombstones: Tombstones,
): Promise<void> {
  if (pending.isEmpty) return;
  pending.keep();
  try {
    await keepMark(transaction, tombstones.lastMac());
  } catch (error) {
    // Nobody has asked for a commit yet: there is none.
    pending.retract();
    throw error;
  }
}

/** Alone, as acts are: what others append meanwhile stays. A database that fails lets nobody append. */
async function retractAlone(
  kept: PendingTombstones | null,
  database: Database<StateTables>,
  tombstones: Tombstones,
): Promise<void> {
  if (kept === null) return;
  let isDone = false;
  const retract = () => {
    kept.retract();
    isDone = true;
  };
  const alone = database.write(async (session) => {
    retract();
    // Lines behind it are bound anew.
    await keepMark(session, tombstones.lastMac());
  }, CHANGE_LOCK);
  await alone.catch(() => {});
  if (!isDone) retract();
}

/** What cannot be done inside a transaction. It is repeated by the next erasure or start. */
async function afterErasure(
  kept: PendingTombstones | null,
  database: Database<StateTables>,
  { subjectKeys, persons }: ActStores,
): Promise<void> {
  if (kept?.endsPersons !== true) return;
  subjectKeys.forgetCached();
  for (const table of ['subject_key', ...persons.tables]) {
    await database
      .as<Record<string, unknown>>()
      .scrub(table)
      .catch(() => false);
  }
}

/** PostgreSQL says so itself; a connection that was lost while it committed says nothing. */
function wasRolledBack({ dialect }: Database<StateTables>, error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return dialect === 'sqlite' || /^[0-9A-Z]{5}$/.test(String(code));
}
