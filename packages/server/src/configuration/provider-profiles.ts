import type { Level } from '../messages/levels.ts';

/** What is known of a provider, so that nobody looks it up; whatever a configuration says besides goes before it. */
export interface ProviderProfile {
  /** Absent: each customer has one of their own. */
  readonly issuer?: string;
  /** The same, for a tenant that the configuration names. */
  readonly issuerOf?: (tenant: string) => string;
  readonly names?: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  readonly algorithms?: readonly string[];
  readonly acr?: Readonly<Record<string, Level>>;
  /** Claims that make up a name, in this order, and the one with an address. */
  readonly claims?: { readonly name?: readonly string[]; readonly email?: string };
}

const EIDAS = 'http://eidas.europa.eu/LoA/';
const FAS = 'urn:be:fedict:iam:fas:Level';
const ITSME = 'http://itsme.services/v2/claim/';

/** Data alone: no provider has code of its own. Beside each stands the page that says it. */
export const providerProfiles = {
  // https://developers.google.com/identity/openid-connect/reference: the issuer, `name`, `email`, `email_verified`, and
  // `hd` for organisations. It gives no `acr`.
  google: {
    issuer: 'https://accounts.google.com',
    names: { en: 'Google' },
    scopes: ['openid', 'profile', 'email'],
    algorithms: ['RS256'],
  },
  // https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference: the issuer names the tenant
  // (https://login.microsoftonline.com/TENANT/v2.0), and the address is one that an administrator can choose: it is never
  // `email_verified`. `acr` stands in tokens of version 1.0 alone. `common` and `organizations` are no issuers: whoever
  // makes a tenant of their own would come in by them.
  entra: {
    issuerOf: (tenant) => `https://login.microsoftonline.com/${tenant.toLowerCase()}/v2.0`,
    names: { en: 'Microsoft' },
    scopes: ['openid', 'profile', 'email'],
    algorithms: ['RS256'],
  },
  // https://belgianmobileid.github.io/doc/authentication: the discovery document, `acr_basic` (fingerprint or code) and
  // `acr_advanced` (the code); besides these scopes, `service:CODE` of the customer. A customer whose discovery document
  // stands elsewhere says its issuer.
  itsme: {
    issuer: 'https://idp.prd.itsme.services/v2',
    names: { en: 'itsme' },
    scopes: ['openid', 'profile', 'email'],
    algorithms: ['RS256'],
    acr: { [`${ITSME}acr_basic`]: `${EIDAS}substantial`, [`${ITSME}acr_advanced`]: `${EIDAS}high` },
  },
  // https://authenticatie.vlaanderen.be/docs/beveiligen-van-toepassingen/authenticatiemiddelen/: the levels of CSAM beside
  // those of eIDAS. What is not in that table is the lowest. The national number (`egovnrn`) is asked for by nobody who has
  // no legal ground for it, and stands in no profile.
  csam: {
    issuer: 'https://idp.iamfas.belgium.be/fas/oauth2',
    names: { en: 'CSAM' },
    scopes: ['openid', 'profile'],
    algorithms: ['RS256'],
    acr: {
      [`${FAS}100`]: `${EIDAS}low`,
      [`${FAS}200`]: `${EIDAS}low`,
      [`${FAS}400`]: `${EIDAS}substantial`,
      [`${FAS}450`]: `${EIDAS}high`,
      [`${FAS}500`]: `${EIDAS}high`,
    },
    claims: { name: ['givenName', 'surname'] },
  },
  // https://eur-lex.europa.eu/eli/reg_impl/2015/1502/oj: low, substantial and high; by the names that eIDAS nodes give them
  // (https://ec.europa.eu/digital-building-blocks/sites/spaces/DIGITAL/pages/467109080/eIDAS+eID+Profile).
  eidas: {
    scopes: ['openid', 'profile'],
    acr: {
      [`${EIDAS}low`]: `${EIDAS}low`,
      [`${EIDAS}substantial`]: `${EIDAS}substantial`,
      [`${EIDAS}high`]: `${EIDAS}high`,
    },
  },
} as const satisfies Readonly<Record<string, ProviderProfile>>;

export type ProviderProfileName = keyof typeof providerProfiles;
