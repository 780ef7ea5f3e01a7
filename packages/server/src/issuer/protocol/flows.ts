import type { ClientFlow, ClientStore } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { errors, type Provider } from './library.ts';

export interface FlowPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'resources'>;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly artefacts: Pick<ArtefactStore, 'find'>;
}

/** What the library says of a request, when all else about it is checked. */
export interface FlowContext {
  readonly req: object;
  readonly oidc: {
    readonly route: string;
    readonly client: { readonly clientId: string };
    readonly resourceServers: Readonly<Record<string, object>>;
    readonly entities: { readonly PushedAuthorizationRequest?: { readonly jti: string } };
  };
}

/** draft-ietf-oauth-first-party-apps §4.1. */
export const CHALLENGE_PATH = '/authorize-challenge';
/** Pushed requests that an application was told to go on with in a browser. */
export const LED_TO_WEB = 'LedToWeb';

/** Requests that we make ourselves, for a page whose session stands at the gate. Nobody else can make one for its client. */
export const PUSHED_BY_GATE = 'PushedByGate';

const PUSH_ROUTE = 'pushed_authorization_request';
const FLOWS: Readonly<Record<string, ClientFlow>> = {
  authorization: 'redirect',
  [PUSH_ROUTE]: 'redirect',
  device_authorization: 'device',
  backchannel_authentication: 'decoupled',
};

const challenged = new WeakSet<object>();

/** From here on the library takes this request for a pushed one, with the addresses of the challenge endpoint. */
export function markChallenged(request: object): void {
  challenged.add(request);
}

/** draft §8: where there is nothing to be had, nothing is named. */
export function challengeMetadata({ origin, resources }: IssuerSnapshot): object {
  const isOffered = resources.some(({ flows }) => flows.includes('embedded'));
  return isOffered ? { authorization_challenge_endpoint: `${origin}${CHALLENGE_PATH}` } : {};
}

/** Proofs and assertions for the challenge endpoint name that one: RFC 9449 §4.3, RFC 7523 §3. */
export function nameChallenged({ OIDCContext }: Provider): void {
  const context = OIDCContext.prototype as unknown as Naming;
  const { urlFor } = context;
  context.urlFor = function urlForCalled(this: Naming, name, ...more) {
    const isHere = name === PUSH_ROUTE && challenged.has(this.ctx.req);
    return isHere ? new URL(CHALLENGE_PATH, this.ctx.href).href : urlFor.call(this, name, ...more);
  };
}

interface Naming {
  readonly ctx: { readonly req: object; readonly href: string };
  urlFor(name: string, ...more: unknown[]): string;
}

/**
 * The provider says for each API and each client in what way people may be asked. Throws UnauthorizedClient, InvalidTarget.
 */
export async function refuseOtherFlows(ctx: FlowContext, ports: FlowPorts): Promise<void> {
  const { oidc } = ctx;
  const flow = await flowOf(ctx, ports.artefacts);
  if (flow === undefined) return;
  const client = await ports.clients.show(oidc.client.clientId);
  if (client?.flows.includes(flow) !== true) {
    throw new errors.UnauthorizedClient(`this client may not use the flow ${flow}`);
  }
  for (const { identifier, flows } of ports.snapshot.resources) {
    const isAsked = identifier in oidc.resourceServers;
    if (isAsked && !(flows as readonly string[]).includes(flow)) {
      throw new errors.InvalidTarget(`${identifier} does not offer the flow ${flow}`);
    }
  }
}

/** Whoever is led from an application to our pages is still in the flow of that application. */
async function flowOf(
  { req, oidc }: FlowContext,
  artefacts: Pick<ArtefactStore, 'find'>,
): Promise<ClientFlow | undefined> {
  if (challenged.has(req)) return 'embedded';
  const pushed = oidc.entities.PushedAuthorizationRequest?.jti;
  if (oidc.route === 'authorization' && pushed !== undefined) {
    if ((await artefacts.find(LED_TO_WEB, pushed)) !== undefined) return 'embedded';
    if ((await artefacts.find(PUSHED_BY_GATE, pushed)) !== undefined) return 'session';
  }
  return FLOWS[oidc.route];
}
