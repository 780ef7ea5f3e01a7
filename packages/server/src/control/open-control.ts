import { join } from 'node:path';
import type { LiveMessage } from '@poorter/engine';
import {
  type AccountAccessPorts,
  accountAccessRoutes,
} from '../access/accounts/account-access-routes.ts';
import { accountImportRoutes } from '../access/accounts/account-import-routes.ts';
import { accountRoutes } from '../access/accounts/account-routes.ts';
import { originOf } from '../access/accounts/index.ts';
import { blockRoutes } from '../access/blocks/block-routes.ts';
import { clientRoutes } from '../access/clients/client-routes.ts';
import { invitationRoutes } from '../access/clients/invitation-routes.ts';
import { subjectRoutes } from '../access/erasure/subject-routes.ts';
import { API_KEY_HASH } from '../access/keys/index.ts';
import { keyRoutes, type OperationRights } from '../access/keys/key-routes.ts';
import { operatorRoutes } from '../access/operators/operator-routes.ts';
import { signingKeyRoutes } from '../access/signing-keys/signing-key-routes.ts';
import { AdminApi, type Contract, type Everywhere, iso } from '../admin-api/index.ts';
import { resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { FromGateway } from '../messages/between-processes.ts';
import type { CallRecord } from '../messages/call-record.ts';
import { isLoopback } from '../platform/addresses/index.ts';
import { createCounterMemory, SharedCounters } from '../platform/counters/index.ts';
import { BYTES_MAX, readTextIfThere, writeDurably } from '../platform/files/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { openMasterKey } from '../platform/secrets/index.ts';
import type { World } from '../platform/world/index.ts';
import { logRoutes } from '../security-log/log-routes.ts';
import { pruneAll } from '../state/index.ts';
import { Background } from './background.ts';
import { type ApplyConfiguration, configurationRoutes } from './configuration-routes.ts';
import type { Standing } from './enforcement.ts';
import { gatewayAttention, gatewayDesk } from './gateway-desk.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { Gateways } from './gateways.ts';
import { issuerRoutes } from './issuer-routes.ts';
import { rotationAttention, rotationPolicy } from './key-rotation.ts';
import { LoopDelay } from './loop-delay.ts';
import { keepOperatorCredential } from './operator-credential.ts';
import { OperatorRights } from './operator-rights.ts';
import { OperatorServer } from './operator-server.ts';
import { OwnIssuer } from './own-issuer.ts';
import type { ChangeDesk } from './protection/change-desk.ts';
import { reachEverywhere } from './reach-everywhere.ts';
import { RecorderHost } from './recorder-host.ts';
import type { Serving } from './serving.ts';
import { sessionRemarks } from './session-remarks.ts';
import { statusRoutes } from './status-routes.ts';
import { type ActStores, openState, type State } from './stores/index.ts';
import type { TrialIssuer } from './trial-issuer.ts';
import type { ControlTroubles } from './troubles.ts';
import { unknownGrants } from './unknown-grants.ts';

export interface OpenControlPorts {
  readonly configuration: Configuration;
  readonly baseDirectory: string;
  readonly dataDirectory: string;
  readonly world: World;
  readonly serving: Serving;
  readonly changes: ChangeDesk;
  readonly notify: Notify;
  /** To the gateway of this machine. */
  readonly sendLive: (message: LiveMessage) => void;
  /** From a gateway on another machine. */
  readonly heardFrom: (gateway: string, report: FromGateway) => void;
  /** What operations ask of their callers, by id, as compiled last. */
  readonly rights: () => ReadonlyMap<string, OperationRights>;
  /** By what calls are decided, and people sign in; null until there is anything. */
  readonly inForce: () => Pick<Standing, 'configuration' | 'issuer'> | null;
  readonly trial: () => TrialIssuer | null;
  /** Of the version in force. */
  readonly status: () => Pick<Contract.Status, 'version' | 'attention'>;
  readonly applyConfiguration: ApplyConfiguration;
  readonly askIssuer: AccountAccessPorts['askIssuer'];
  /** Keys of our own authorization server are others from now on. */
  readonly ownKeysChanged: (origin: string) => void;
}

const NO_RIGHTS: OperationRights = { scopes: new Set(), roles: new Set() };

/**
 * Control with its stores open: the state, then the log that needs its keys, then those who decide by
 * both, then the address where operators ask.
 */
export class OpenControl {
  readonly state: State;
  readonly recorder: RecorderHost;
  readonly gateways: Gateways;
  readonly operators: OperatorServer;
  readonly ownIssuer: OwnIssuer;
  readonly #ports: OpenControlPorts;
  readonly #operatorRights: OperatorRights;
  readonly #background: Background;
  readonly #delay: LoopDelay;
  #rotation: ReturnType<typeof rotationPolicy>;
  /** On other machines, as configured. */
  #names: readonly string[] = [];

  static async open(ports: OpenControlPorts): Promise<OpenControl> {
    const { configuration, baseDirectory, dataDirectory, world, notify } = ports;
    const { environment } = world;
    const storage = resolveStorage(configuration, baseDirectory, environment);
    const keyWorld = { dataDirectory, baseDirectory, environment, notify };
    const state = await openState({
      ...{ place: storage.state, dataDirectory, world },
      masterKey: openMasterKey(configuration.masterKey, keyWorld),
      options: { notify },
    });
    let recorder: RecorderHost | null = null;
    try {
      recorder = await RecorderHost.open({
        ...{ configuration, baseDirectory, dataDirectory, state, world, notify },
      });
      const isFreshStore = (await state.changes.latest()) === 0;
      const open = new OpenControl(ports, state, recorder, isFreshStore);
      await open.#operatorRights.refresh();
      open.#background.start();
      return open;
    } catch (error) {
      // It is tried again: nothing may be open twice.
      await recorder?.stop();
      await state.close();
      throw error;
    }
  }

  private constructor(
    ports: OpenControlPorts,
    state: State,
    recorder: RecorderHost,
    isFreshStore: boolean,
  ) {
    const { configuration, dataDirectory, world, serving, notify } = ports;
    this.#ports = ports;
    this.state = state;
    this.recorder = recorder;
    this.#rotation = rotationPolicy(configuration);
    const bookFile = join(dataDirectory, 'gateways.json');
    this.gateways = new Gateways({
      ...{ stores: state, changes: state.changes, world, mirror: recorder.mirror },
      keyHashKey: Buffer.from(state.ring.derive(API_KEY_HASH)).toString('hex'),
      bookFile: {
        read: () => readTextIfThere(bookFile, BYTES_MAX.book),
        write: (text) => writeDurably(bookFile, text),
      },
      mayServe: isFreshStore ? [] : (configuration.link?.gateways ?? []),
      staleAfterMs: configuration.gateway.staleAfterMs,
      runsGateway: serving.runsGateway,
      keyAgeMaxMs: () => this.#rotation.refuseAfterMs,
      tellLocal: ports.sendLive,
      heardFrom: ports.heardFrom,
      notify,
    });
    this.ownIssuer = new OwnIssuer({
      ...{ store: state.signingKeys, changes: state.changes, world },
      onChange: ports.ownKeysChanged,
    });
    this.#operatorRights = new OperatorRights(
      ...([state.operators, state.accounts, state.changes] as const),
      () => this.ownIssuer.tokens !== null,
    );
    this.#background = new Background({
      ...{ world, notify },
      look: async () => {
        await this.gateways.live.publish();
        await this.#operatorRights.look();
        await this.ownIssuer.look();
      },
      keepHouse: () =>
        pruneAll([
          { prune: async () => (await state.blocks.expire()).length },
          { prune: () => state.denials.expire() },
          ...[state.accounts, state.grants, state.accountNotices, state.idempotency],
          state.singleUse,
        ]),
    });
    this.#delay = new LoopDelay(world);
    this.operators = new OperatorServer({
      ...{ serving, changes: ports.changes, trial: ports.trial, admin: this.#openAdminApi() },
      gateways: () => this.#reported(),
      troubles: () => this.#troubles,
      delay: this.#delay,
    });
  }

  /** A new configuration may change what keys are refused, and what is kept of the log. */
  async apply(configuration: Configuration): Promise<void> {
    const before = this.#rotation.refuseAfterMs;
    this.#rotation = rotationPolicy(configuration);
    this.recorder.apply(configuration);
    const { live } = this.gateways;
    if (before !== this.#rotation.refuseAfterMs && live.sequence >= 0) {
      await live.republish();
    }
  }

  /** The command line of this machine finds the server by this. */
  async announce(): Promise<void> {
    const { reachedAt } = this.operators;
    await keepOperatorCredential(this.#ports.dataDirectory, reachedAt, this.state.operators);
    await this.#operatorRights.refresh();
  }

  /** Under their names in the log. One of another machine may be called like this one. */
  nameGateways(others: readonly string[]): void {
    const { node } = this.recorder.spool;
    this.#names = [...new Set(others)];
    this.#ports.serving.nameLocal(others.includes(node) ? `${node}@control` : node);
  }

  /** What happened here without anybody calling: on disk when it resolves. */
  async commit(record: CallRecord): Promise<void> {
    const { acts } = this.recorder;
    if (!acts.reserve()) throw new Error(`${record.operation} cannot be recorded now`);
    await acts.commit(record);
  }

  #everywhere(): Everywhere {
    const { live } = this.gateways;
    return reachEverywhere(live, () => this.#operatorRights.look(), this.#ports.notify);
  }

  /** Names of those who may still decide without what is stored now. */
  untilEnforced(): Promise<readonly string[]> {
    return this.#everywhere().announce();
  }

  /** What lies in the spool becomes leaves, if there is time. Nobody is promised anything any more. */
  async close(): Promise<void> {
    this.#background.close();
    this.#delay.close();
    this.gateways.remotes.close();
    await this.recorder.stop();
    this.operators.close();
  }

  #openAdminApi(): AdminApi<ActStores> {
    const { state, recorder } = this;
    const { remotes, book } = this.gateways;
    const { configuration, world, rights, inForce, applyConfiguration, notify } = this.#ports;
    const everywhere = this.#everywhere();
    const memory = createCounterMemory({ entries: 4_096, threads: 1, seed: [1, 2] });
    const met = () => remotes.met;
    return new AdminApi<ActStores>({
      handlers: {
        ...keyRoutes({
          ...{ keys: state.keys, everywhere, rotation: () => this.#rotation },
          knowsUses: () => recorder.knowsUses(),
          unheard: () => book.gateways.filter((one) => !one.isConnected).map(({ name }) => name),
          usesOf: (keyId, sinceMs, left) => recorder.usesOf(keyId, sinceMs, left),
          rightsOf: (operation) => rights().get(operation) ?? NO_RIGHTS,
          remarksOn: (grants) => unknownGrants(grants, rights().values()),
        }),
        ...blockRoutes({ blocks: state.blocks, everywhere }),
        ...clientRoutes({
          ...{ clients: state.clients, everywhere, issuer: () => this.ownIssuer.tokens },
          remarksOn: (terms) => {
            const { scopes } = terms;
            const standing = inForce();
            return [
              ...unknownGrants({ scopes, roles: [] }, rights().values()),
              ...(standing === null ? [] : sessionRemarks(terms, standing.configuration)),
            ];
          },
        }),
        ...invitationRoutes({
          invitations: state.invitations,
          remarksOn: (scopes) => unknownGrants({ scopes, roles: [] }, rights().values()),
        }),
        ...accountRoutes({
          ...{ accounts: state.accounts, credentials: state.credentials, everywhere },
          issuer: () => this.ownIssuer.tokens,
          clearSessions: async (account) => {
            // Null where it does not answer: what is stored counts all the same.
            await this.#ports.askIssuer({ kind: 'clear-sessions', account });
          },
          originOf: (account) =>
            originOf(account, {
              ...{ users: state.directoryUsers, groups: state.directoryGroups },
              ...{ identities: state.identities, sources: () => inForce()?.issuer ?? null },
            }),
        }),
        ...accountImportRoutes(() => this.ownIssuer.signIn),
        ...accountAccessRoutes({
          ...{ accounts: state.accounts, grants: state.grants, clients: state.clients, everywhere },
          issuer: () => this.ownIssuer.tokens,
          askIssuer: this.#ports.askIssuer,
        }),
        ...issuerRoutes(() => this.ownIssuer.addresses),
        ...signingKeyRoutes({
          signingKeys: state.signingKeys,
          keysChanged: () => this.ownIssuer.look(),
        }),
        ...operatorRoutes({
          operators: state.operators,
          operatorsChanged: () => this.#operatorRights.refresh(),
        }),
        ...subjectRoutes(everywhere, () => recorder.forget()),
        ...logRoutes(recorder.log),
        ...gatewayRoutes(gatewayDesk(book, met)),
        ...configurationRoutes(applyConfiguration),
        ...statusRoutes(() => this.#status()),
      },
      operators: this.#operatorRights.live,
      counters: new SharedCounters(memory, 0, world.monotonicMs),
      act: (work) => state.act(work),
      recorder: recorder.acts,
      hosts: hostsOf(configuration.control.address),
      now: world.now,
      monotonicMs: world.monotonicMs,
      notify,
      onUse: (id, at) => void state.operators.touch(id, at).catch(() => undefined),
    });
  }

  async #status(): Promise<Contract.Status> {
    const { version, attention } = this.#ports.status();
    const { changes, serving, world } = this.#ports;
    const { live, book, remotes } = this.gateways;
    // Whoever asks is told that the database is away; how old keys are can wait.
    const old =
      this.#background.fault === null
        ? await rotationAttention(this.state.keys, this.#rotation, world.now())
        : [];
    const directories = this.#background.fault === null ? await this.#directories() : [];
    return {
      ...{ version, snapshot: serving.versions, configuration: changes.status },
      ...(directories.length > 0 && { directories }),
      live: live.sequence,
      gateways: [
        ...[...live.gateways].map(([node, seen]) => ({ node, isConnected: true, live: seen })),
        ...book.gateways.map(({ name, isConnected, confirmed }) => ({
          ...{ node: name, isConnected, live: confirmed },
        })),
      ],
      attention: [
        ...changes.attention,
        ...this.operators.attention,
        ...attention,
        ...gatewayAttention(book, remotes.met),
        ...old,
      ],
    };
  }

  /** Those that are configured. */
  async #directories(): Promise<NonNullable<Contract.Status['directories']>> {
    const known = this.#ports.inForce()?.issuer?.directories ?? [];
    const shown: NonNullable<Contract.Status['directories']>[number][] = [];
    for (const { name } of known) {
      const { heardAt, people, groups } = await this.state.directories.summarize(name);
      shown.push({ name, people, groups, lastHeard: iso(heardAt) });
    }
    return shown;
  }

  get #troubles(): ControlTroubles {
    return { database: this.#background.fault, log: this.recorder.fault };
  }

  #reported(): { name: string; isConnected: boolean }[] {
    const { serving } = this.#ports;
    const met = new Set(this.gateways.remotes.met.map(({ name }) => name));
    const local = { name: serving.localName, isConnected: serving.isGatewayUp };
    return [
      ...(serving.runsGateway && serving.localName !== '' ? [local] : []),
      ...this.#names.map((name) => ({ name, isConnected: met.has(name) })),
    ];
  }
}

/** Any name reaches an address that is not loopback; loopback has three. */
function hostsOf(address: string): readonly string[] {
  const host = address.slice(0, address.lastIndexOf(':')).toLowerCase();
  return isLoopback(host) ? ['127.0.0.1', 'localhost', '[::1]', host] : [];
}
