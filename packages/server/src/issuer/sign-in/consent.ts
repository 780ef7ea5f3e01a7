import { randomUUID } from 'node:crypto';
import type { ClientStore, StoredClient } from '../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import {
  type AskedApproval,
  type Detail,
  type DetailTypes,
  keepApproval,
  markApproved,
} from '../details/index.ts';
import type { ToldOfCall } from '../issuer-record.ts';
import { shownDetail } from '../pages/detail-words.ts';
import { leadsTo, type Page, sendPage } from '../pages/page.ts';
import { formOf, isOwnPage, jsonOf, NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import { consentPage, errorPage } from '../pages/pages.ts';
import { rightsIn } from '../pages/rights.ts';
import { GRANT_LIFE_SECONDS, lifeOfUse, renew } from '../protocol/grant-life.ts';
import type { Provider } from '../protocol/library.ts';
import { PERSONAL_CLAIMS } from '../protocol/personal-claims.ts';
import { wordsOf } from '../protocol/space-delimited.ts';
import { type Interaction, interactionOf, languageFor, say } from './interaction.ts';
import type { Passkeys } from './passkeys.ts';

export interface ConsentPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly clients: Pick<ClientStore, 'show'>;
  readonly details: DetailTypes;
  readonly passkeys: Passkeys;
  readonly artefacts: Pick<ArtefactStore, 'put'>;
  readonly now: () => number;
}

/** What somebody has not said yes to yet. */
interface Missing {
  readonly missingOIDCScope?: string[];
  readonly missingOIDCClaims?: string[];
  readonly missingResourceScopes?: Record<string, string[]>;
}

/** A person, asked by an application whether it may. */
interface Question {
  readonly interaction: Interaction;
  readonly accountId: string;
  readonly clientId: string;
  readonly details: readonly Detail[];
}

/** Where people say yes or no: to scopes by a button, to what moves money by a passkey over just that. */
export class Consent {
  readonly #ports: ConsentPorts;
  readonly #isSecure: boolean;

  constructor(ports: ConsentPorts) {
    this.#ports = ports;
    this.#isSecure = ports.snapshot.origin.startsWith('https:');
  }

  pageFor(interaction: Interaction, client: StoredClient, asked: PageCall): Page {
    const { details: types, snapshot } = this.#ports;
    const language = languageFor(asked.request, interaction);
    const details = this.#detailsOf(interaction);
    return consentPage(language, interaction.uid, {
      client: client.name,
      rights: rightsIn(language, snapshot, askedRights(interaction)),
      details: details.map((one) =>
        shownDetail(language, one, types.find(one.type)?.titles ?? null),
      ),
      isSigned: this.#isSigned(details),
      leadsTo: leadsTo(interaction.params['redirect_uri'], client.page),
    });
  }

  async decide(asked: PageCall): Promise<ToldOfCall> {
    const { request, response, call } = asked;
    const { provider } = this.#ports;
    const question = await this.#question(asked);
    const isYes = formOf(asked).get('decision') === 'allow';
    // What is to be signed is not allowed by a button.
    if (question === null || (isYes && this.#isSigned(question.details))) {
      const language = languageFor(request, question?.interaction ?? {});
      await sendPage(response, 400, errorPage(language, call.id, 'over'), this.#isSecure);
      return { ...NOBODY, error: 'interaction_over' };
    }
    const { clientId: client, accountId: subject } = question;
    if (!isYes) {
      const refused = { error: 'access_denied', error_description: 'it was refused' };
      const options = { mergeWithLastSubmission: false };
      await provider.interactionFinished(request, response, refused, options);
      return { client, subject, error: 'access_denied' };
    }
    const grantId = await this.#grant(question, question.details);
    await provider.interactionFinished(request, response, { consent: { grantId } });
    return { client, subject, error: null };
  }

  async beginApproval(asked: PageCall): Promise<ToldOfCall> {
    const question = await this.#question(asked);
    if (question === null) return say(asked, 400, 'over', 'interaction_over');
    sendJson(asked, 200, await this.#ports.passkeys.approvalOptions(approvalOf(question)));
    return { ...NOBODY, client: question.clientId, subject: question.accountId };
  }

  /** The proof is kept before anything comes of it. */
  async finishApproval(asked: PageCall): Promise<ToldOfCall> {
    const { passkeys, provider, artefacts, now } = this.#ports;
    const question = await this.#question(asked);
    if (question === null) return say(asked, 400, 'over', 'interaction_over');
    const { interaction, clientId: client, accountId: subject } = question;
    const approval = approvalOf(question);
    const approved = await passkeys.approve(approval, jsonOf(asked).credential ?? {});
    if (approved === null) {
      return { ...say(asked, 401, 'failed', 'passkey_refused', interaction), client, subject };
    }
    const [id, at] = [randomUUID(), now()];
    await keepApproval(artefacts, id, { asked: approval, ...approved, at });
    const details = markApproved(question.details, this.#ports.details, id, at);
    const grantId = await this.#grant(question, details);
    const { request, response } = asked;
    const result = { consent: { grantId } };
    const location = await provider.interactionResult(request, response, result, {
      mergeWithLastSubmission: true,
    });
    sendJson(asked, 200, { location });
    return { client, subject, error: null };
  }

  /** Null: nobody is asked here now, or another page says it. */
  async #question(asked: PageCall): Promise<Question | null> {
    const { provider, snapshot } = this.#ports;
    if (!isOwnPage(asked, snapshot)) return null;
    const interaction = await interactionOf(provider, asked);
    const accountId = interaction?.session?.accountId;
    if (interaction?.prompt.name !== 'consent' || accountId === undefined) return null;
    const clientId = String(interaction.params['client_id']);
    return { interaction, accountId, clientId, details: this.#detailsOf(interaction) };
  }

  #detailsOf({ params }: Interaction): readonly Detail[] {
    const text = params['authorization_details'];
    const details = text === undefined ? [] : this.#ports.details.read(String(text));
    // They were read when they were asked for: a type is not known any more.
    if (typeof details === 'string') throw new Error(details);
    return details;
  }

  #isSigned(details: readonly Detail[]): boolean {
    return details.some(({ type }) => this.#ports.details.find(type)?.isSigned !== false);
  }

  /** What was asked for, and was shown, and nothing else. */
  async #grant(question: Question, details: readonly Detail[]): Promise<string> {
    const { provider, now } = this.#ports;
    const { interaction, accountId, clientId } = question;
    const known =
      interaction.grantId === undefined || details.length > 0
        ? undefined
        : await provider.Grant.find(interaction.grantId);
    const scopes = wordsOf(interaction.params['scope']);
    const expiresIn = details.length === 0 ? GRANT_LIFE_SECONDS : lifeOf(details, scopes, now());
    const grant = known ?? new provider.Grant({ accountId, clientId, expiresIn } as object);
    if (known !== undefined) renew(known, Math.floor(now() / 1000));
    const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = interaction.prompt
      .details as Missing;
    if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(' '));
    if (missingOIDCClaims !== undefined) grant.addOIDCClaims(missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '));
    }
    for (const detail of details) grant.addRar(detail as never);
    return grant.save();
  }
}

function approvalOf({ interaction, accountId, clientId, details }: Question): AskedApproval {
  return { account: accountId, client: clientId, request: interaction.uid, details };
}

/** Scopes, and claims by the scope that they belong to. */
function askedRights({ prompt }: Interaction) {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details as Missing;
  const named = (missingOIDCClaims ?? []).map((claim) => PERSONAL_CLAIMS[claim] ?? claim);
  const own = [...new Set([...(missingOIDCScope ?? []), ...named])];
  return { own, apis: missingResourceScopes ?? {} };
}

const DAY_MS = 86_400_000;

/** In seconds. A yes until a day ends with that day; one that says no day, and that nothing lasting comes of, with the session. */
function lifeOf(details: readonly Detail[], scopes: readonly string[], nowMs: number): number {
  const ends = details.flatMap(({ validUntil }) =>
    typeof validUntil === 'string' ? [Date.parse(validUntil) + DAY_MS] : [],
  );
  if (ends.length === 0) return lifeOfUse(scopes);
  const left = Math.floor((Math.min(...ends) - nowMs) / 1000);
  return Math.min(GRANT_LIFE_SECONDS, Math.max(1, left));
}
