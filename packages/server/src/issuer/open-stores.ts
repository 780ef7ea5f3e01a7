import {
  AccountNoticeStore,
  AccountStore,
  type AccountTables,
  CredentialStore,
  DirectoryGroupStore,
  DirectoryStore,
  DirectoryUserStore,
  GrantStore,
  IdentityStore,
  RecoveryCodeStore,
} from '../access/accounts/index.ts';
import {
  ClientStore,
  type ClientTables,
  InvitationStore,
  type InvitationTables,
  RegistrationStore,
  type RegistrationTables,
} from '../access/clients/index.ts';
import { OperatorStore, type OperatorTables } from '../access/operators/index.ts';
import { SigningKeyStore, type SigningKeyTables } from '../access/signing-keys/index.ts';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import { migrate, openDatabase } from '../platform/database/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import {
  type KeyRing,
  type KeyRingTables,
  openKeyRing,
  openMasterKey,
} from '../platform/secrets/index.ts';
import type { World } from '../platform/world/index.ts';
import { DenialStore, type DenialTables } from '../state/denials/index.ts';
import { SingleUseStore, type SingleUseTables } from '../state/single-use/index.ts';
import { Tombstones } from '../state/tombstones/index.ts';
import { ArtefactStore, type ArtefactTables, issuerMigrations } from './artefacts/index.ts';
import { type IssuerRecords, openIssuerRecords } from './issuer-records.ts';
import { AttemptStore, type AttemptTables } from './sign-in/attempt-store.ts';

/** What the authorization server works on: the state that control keeps too, and what is its own. */
export interface IssuerStores {
  readonly ring: KeyRing;
  readonly clients: ClientStore;
  readonly invitations: InvitationStore;
  readonly registrations: RegistrationStore;
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly operators: OperatorStore;
  readonly identities: IdentityStore;
  readonly directories: DirectoryStore;
  readonly directoryUsers: DirectoryUserStore;
  readonly directoryGroups: DirectoryGroupStore;
  readonly grants: GrantStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly accountNotices: AccountNoticeStore;
  readonly signingKeys: SigningKeyStore;
  readonly denials: DenialStore;
  readonly artefacts: ArtefactStore;
  readonly attempts: AttemptStore;
  readonly singleUse: SingleUseStore;
  readonly records: IssuerRecords;
  close(): Promise<void>;
}

/** Control has brought the state to this version before anybody is told of a snapshot. */
export async function openIssuerStores(
  { storage, spool }: Pick<IssuerSnapshot, 'storage' | 'spool'>,
  { now, random, environment }: Pick<World, 'now' | 'random' | 'environment'>,
  notify: Notify,
): Promise<IssuerStores> {
  const { state, issuer, masterKey, dataDirectory, baseDirectory } = storage;
  const keyWorld = { dataDirectory, baseDirectory, environment, notify };
  const lasting = await openDatabase<
    KeyRingTables & ClientTables & SigningKeyTables & DenialTables
  >(state, { notify });
  try {
    const ring = await openKeyRing(lasting, openMasterKey(masterKey, keyWorld), now);
    const passing = await openDatabase<ArtefactTables & AttemptTables & SingleUseTables>(issuer, {
      notify,
    });
    await migrate(passing, issuerMigrations(), now);
    const tombstones = new Tombstones(dataDirectory, ring);
    const records = openIssuerRecords(spool, notify);
    const world = { now, random };
    return {
      ring,
      accounts: new AccountStore(lasting.as<AccountTables>(), ring, tombstones, world),
      operators: new OperatorStore(lasting.as<OperatorTables>(), ring, tombstones, world),
      credentials: new CredentialStore(lasting.as<AccountTables>(), ring, tombstones, world),
      identities: new IdentityStore(lasting.as<AccountTables>(), ring, tombstones, world),
      directories: new DirectoryStore(lasting.as<AccountTables>(), world),
      directoryUsers: new DirectoryUserStore(
        lasting.as<AccountTables>(),
        ...[ring, tombstones, world],
      ),
      directoryGroups: new DirectoryGroupStore(
        lasting.as<AccountTables>(),
        ...[ring, tombstones, world],
      ),
      grants: new GrantStore(lasting.as<AccountTables>(), ring, tombstones, world),
      recoveryCodes: new RecoveryCodeStore(lasting.as<AccountTables>(), ring, world),
      accountNotices: new AccountNoticeStore(lasting.as<AccountTables>(), world),
      clients: new ClientStore(lasting.as<ClientTables>(), ring, tombstones, world),
      invitations: new InvitationStore(lasting.as<InvitationTables>(), ring, tombstones, world),
      registrations: new RegistrationStore(
        lasting.as<RegistrationTables>(),
        ...[ring, tombstones, world],
      ),
      signingKeys: new SigningKeyStore(lasting.as<SigningKeyTables>(), ring, tombstones, world),
      denials: new DenialStore(lasting.as<DenialTables>(), world),
      artefacts: new ArtefactStore(passing.as<ArtefactTables>(), ring, now),
      attempts: new AttemptStore(passing.as<AttemptTables>(), ring, now),
      singleUse: new SingleUseStore(passing.as<SingleUseTables>(), ring, world),
      records,
      close: async () => {
        await records.close();
        await passing.close();
        await lasting.close();
      },
    };
  } catch (error) {
    await lasting.close();
    throw error;
  }
}
