import { type Contract, type Handlers, iso, isoTime, pageLimit } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { ClientFlow } from './client-terms.ts';
import type { InvitationStore, InvitationTerms, StoredInvitation } from './invitation-store.ts';

export interface InvitationRoutePorts {
  readonly invitations: InvitationStore;
  /** Which of these no operation asks for. */
  readonly remarksOn: (scopes: readonly string[]) => readonly string[];
}

type InvitationOperation =
  | ('listClientInvitations' | 'createClientInvitation')
  | 'endClientInvitation';

const DAY_MS = 86_400_000;

/** By which somebody registers clients who is no operator. RFC 7591. */
export function invitationRoutes({
  invitations,
  remarksOn,
}: InvitationRoutePorts): Handlers<InvitationOperation, { readonly invitations: InvitationStore }> {
  return {
    async listClientInvitations({ query }) {
      const page = await invitations.list({
        limit: pageLimit(query),
        ...(query.cursor !== undefined && { cursor: query.cursor }),
      });
      return { status: 200, body: { items: page.items.map(shownInvitation), next: page.next } };
    },

    createClientInvitation: {
      async change({ body, operator, nowMs }, stores) {
        const terms = invitationTermsOf(body);
        const { invitation, token } = await stores.invitations.create({
          ...{ terms, clients: body.clients ?? 1, createdBy: operator.client },
          expiresAt: nowMs + (body.days ?? 7) * DAY_MS,
        });
        const warnings = remarksOn(terms.scopes);
        return {
          status: 201,
          body: {
            ...{ invitation: shownInvitation(invitation), token },
            ...(warnings.length > 0 && { warnings }),
          },
          target: invitation.id,
        };
      },
      spread: async (_, answer) => answer,
    },

    endClientInvitation: {
      async change({ path }, stores) {
        if ((await stores.invitations.show(path.id)) === undefined) {
          throw new AdminProblem('not_found');
        }
        const body = shownInvitation(await stores.invitations.end(path.id));
        return { status: 200, body, target: path.id };
      },
      spread: async (_, answer) => answer,
    },
  };
}

/** Of flows, those that make sense for its profile and need nobody's word; others are given by name. */
const USUAL_FLOWS: Readonly<Record<InvitationTerms['profile'], readonly ClientFlow[]>> = {
  ...{ browser: ['redirect'], native: ['redirect'], fapi2: ['redirect'] },
  machine: [],
};

function invitationTermsOf(wish: Contract.InvitationWish): InvitationTerms {
  const { name, profile, flows = USUAL_FLOWS[profile], scopes = [], detailTypes = [] } = wish;
  const isRedirected = profile !== 'machine';
  if (isRedirected && !flows.some((flow) => flow !== 'exchange')) {
    const reason = 'flows: at least one of redirect, embedded, decoupled, device';
    throw new AdminProblem('value_not_acceptable', { reason });
  }
  // Its page becomes one from which the API is called: an operator says which.
  if (flows.includes('session')) {
    const reason = 'flows: session is for clients that operators make';
    throw new AdminProblem('value_not_acceptable', { reason });
  }
  return { name, profile, flows, scopes, detailTypes };
}

function shownInvitation(invitation: StoredInvitation): Contract.Invitation {
  const { id, name, profile, flows, scopes, detailTypes, clientsLeft, createdBy } = invitation;
  return {
    ...{ id, name, profile, flows, scopes, detailTypes, clientsLeft, createdBy },
    created: isoTime(invitation.createdAt),
    expires: isoTime(invitation.expiresAt),
    ended: iso(invitation.endedAt),
  };
}
