import { randomUUID } from 'node:crypto';
import type { ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { SingleUseStore } from '../../state/single-use/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import {
  type AskedApproval,
  type DetailTypes,
  keepApproval,
  markApproved,
} from '../details/index.ts';
import type { AskPace } from '../protocol/ask-pace.ts';
import { OWN_SCOPES, PERSONAL_SCOPES } from '../protocol/client-metadata.ts';
import { lifeOfUse } from '../protocol/grant-life.ts';
import { errors, type Provider } from '../protocol/library.ts';
import { resourceServerInfo } from '../protocol/resources.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import { PASSKEY_SHOWN } from '../sign-in/sign-in.ts';
import { type Pending, pendingOf, tellDecision } from './pending.ts';

export interface DecisionPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly details: DetailTypes;
  readonly passkeys: Passkeys;
  readonly artefacts: Pick<ArtefactStore, 'put' | 'listOfAccount'>;
  readonly singleUse: Pick<SingleUseStore, 'claim'>;
  readonly askPace: AskPace;
  readonly onUntold: (client: string, error: Error) => void;
  readonly now: () => number;
}

/** `over`: somebody decided already, or nothing waits. `failed`: the passkey did not sign just this. */
export type Decided = 'approved' | 'refused' | 'over' | 'failed';

const CLAIM_KIND = 'decision';

/** What a person decides about a request that an application made elsewhere. */
export class Decisions {
  readonly #ports: DecisionPorts;

  constructor(ports: DecisionPorts) {
    this.#ports = ports;
  }

  /** Undefined: nothing waits. */
  async pending(accountId: string): Promise<Pending | undefined> {
    const { artefacts, details, clients, now } = this.#ports;
    const [latest] = await pendingOf(artefacts, details, accountId, now());
    const client = latest && (await clients.show(latest.clientId));
    return client === undefined || client.disabledAt !== null ? undefined : latest;
  }

  approvalOptions(pending: Pending): Promise<object> {
    return this.#ports.passkeys.approvalOptions(approvalOf(pending));
  }

  async refuse(pending: Pending): Promise<Decided> {
    if (!(await this.#claim(pending))) return 'over';
    await this.#tell(pending, new errors.AccessDenied('it was refused'), {});
    return 'refused';
  }

  /** `number`: the one that the person saw; another says that somebody else asked, and ends it. */
  async approve(
    pending: Pending,
    credential: object,
    number: string | undefined,
  ): Promise<Decided> {
    const { passkeys, artefacts, details, now } = this.#ports;
    if (pending.number !== null && number !== pending.number) return this.refuse(pending);
    const asked = approvalOf(pending);
    const approved = await passkeys.approve(asked, credential);
    if (approved === null) return 'failed';
    if (!(await this.#claim(pending))) return 'over';
    const [id, at] = [randomUUID(), now()];
    await keepApproval(artefacts, id, { asked, ...approved, at });
    const rar = markApproved(pending.details, details, id, at);
    const grant = await this.#grant(pending, rar);
    this.#ports.askPace.forget(pending.clientId, pending.accountId);
    await this.#tell(pending, grant, {
      ...{ acr: PASSKEY_SHOWN.acr, amr: [...PASSKEY_SHOWN.amr], authTime: Math.floor(at / 1000) },
      ...(rar.length > 0 && { rar }),
    });
    return 'approved';
  }

  /** Of two at once one counts. */
  #claim({ id, expiresAt }: Pending): Promise<boolean> {
    return this.#ports.singleUse.claim(CLAIM_KIND, id, expiresAt);
  }

  #tell(pending: Pending, result: Parameters<typeof tellDecision>[2], how: object): Promise<void> {
    const { provider, onUntold } = this.#ports;
    const untold = (error: Error) => onUntold(pending.clientId, error);
    return tellDecision(provider, pending.id, result, how, untold);
  }

  /** What was asked for and shown, within what the client may. */
  async #grant(pending: Pending, details: readonly object[]): Promise<string> {
    const { provider, clients, snapshot } = this.#ports;
    const { accountId, clientId, scopes, resources } = pending;
    const client = await clients.show(clientId);
    if (client === undefined) throw new Error('the client is gone');
    const grant = new provider.Grant({
      ...{ accountId, clientId, expiresIn: lifeOfUse(scopes) },
    } as object);
    const own = scopes.filter((one) => OWN_SCOPES.includes(one) || PERSONAL_SCOPES.includes(one));
    if (own.length > 0) grant.addOIDCScope(own.join(' '));
    for (const resource of resources) {
      const offered = resourceServerInfo(snapshot, resource, client).scope.split(' ');
      const given = scopes.filter((one) => offered.includes(one));
      if (given.length > 0) grant.addResourceScope(resource, given.join(' '));
    }
    for (const detail of details) grant.addRar(detail as never);
    return grant.save();
  }
}

function approvalOf(pending: Pending): AskedApproval {
  const { accountId, clientId, id, scopes, resources, message, details } = pending;
  const request = { type: 'request', scopes, resources, message };
  return { account: accountId, client: clientId, request: id, details: [request, ...details] };
}
