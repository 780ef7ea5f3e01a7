import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import { base32Of } from '../../access/accounts/index.ts';
import type { ImportedAccount } from '../../messages/admin-contract.generated.ts';
import {
  type GivenAccount,
  type GivenFault,
  type Leavable,
  UnreadableAccounts,
} from './given-account.ts';
import { base64, phcOfPbkdf2 } from './hash-forms.ts';
import { type JsonElement, jsonElements } from './json-elements.ts';

/** Issuers of the providers of a realm, by the alias that its users are linked by. */
export type ProviderIssuers = ReadonlyMap<string, string>;

const USERS = new Set(['users', '']);
const PROVIDERS = new Set(['identityProviders']);
const GOOGLE = 'https://accounts.google.com';
const LANGUAGES = ['nl', 'fr', 'de', 'en'] as const;
const EMAIL = /^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$/;

/** `UserRepresentation`, as far as it is read. */
const user = z.looseObject({
  username: z.string(),
  firstName: z.string().nullish(),
  lastName: z.string().nullish(),
  email: z.string().nullish(),
  emailVerified: z.boolean().nullish(),
  enabled: z.boolean().nullish(),
  serviceAccountClientId: z.string().nullish(),
  federationLink: z.string().nullish(),
  attributes: z.record(z.string(), z.array(z.string())).nullish(),
  credentials: z
    .array(
      z.looseObject({
        type: z.string(),
        secretData: z.string().nullish(),
        credentialData: z.string().nullish(),
      }),
    )
    .nullish(),
  federatedIdentities: z
    .array(z.looseObject({ identityProvider: z.string(), userId: z.string() }))
    .nullish(),
});
type User = z.output<typeof user>;
type Credential = NonNullable<User['credentials']>[number];

const provider = z.looseObject({
  alias: z.string(),
  providerId: z.string().nullish(),
  config: z.looseObject({ issuer: z.string().nullish() }).nullish(),
});

const passwordSecret = z.looseObject({ value: z.string(), salt: z.string() });
const count = z.union([z.number().int().min(0), z.string().regex(/^\d{1,10}$/)]);
const passwordTerms = z.looseObject({
  algorithm: z.string(),
  hashIterations: z.number().int(),
  additionalParameters: z.record(z.string(), z.array(z.string())).nullish(),
});
const codeSecret = z.looseObject({ value: z.string() });
const codeTerms = z.looseObject({
  subType: z.string(),
  digits: count,
  period: count.nullish(),
  algorithm: z.string().nullish(),
  secretEncoding: z.string().nullish(),
});

/** The providers that a realm names. Where it stands behind its users, the file is read twice. */
export async function keycloakProviders(text: AsyncIterable<string>): Promise<ProviderIssuers> {
  const issuers = new Map<string, string>();
  for await (const element of jsonElements(text, PROVIDERS)) {
    const read = provider.safeParse(within(element.text));
    if (!read.success) continue;
    const { alias, providerId, config } = read.data;
    const issuer = config?.issuer ?? (providerId === 'google' ? GOOGLE : undefined);
    if (issuer !== undefined) issuers.set(alias, issuer);
  }
  return issuers;
}

/** The users of an export of Keycloak: of a realm, of users alone, or a list of them. */
export async function* readKeycloak(
  text: AsyncIterable<string>,
  providers: ProviderIssuers,
): AsyncGenerator<GivenAccount> {
  let hasUsers = false;
  for await (const element of jsonElements(text, USERS)) {
    hasUsers = true;
    yield accountOf(element, providers);
  }
  if (!hasUsers) throw new UnreadableAccounts(1, 'is no export of Keycloak with users');
}

function accountOf(element: JsonElement, providers: ProviderIssuers): GivenAccount {
  const { line } = element;
  const read = user.safeParse(within(element.text));
  if (!read.success) {
    const at = read.error.issues[0]?.path.join('.') ?? '';
    const says = `is no user of Keycloak${at === '' ? '' : `: ${at} is missing, or something else`}`;
    return { line, wish: {}, faults: [{ says }], passedOver: [] };
  }
  const known = read.data;
  const { credentials, federatedIdentities, serviceAccountClientId } = known;
  if (typeof serviceAccountClientId === 'string') {
    return { line, wish: {}, faults: [], passedOver: ['service accounts, which are clients here'] };
  }
  const parts = [
    profileOf(known),
    ...(credentials ?? []).map(credentialOf),
    ...identitiesOf(federatedIdentities ?? [], providers),
    ...(typeof known.federationLink === 'string' ? [ofDirectory] : []),
  ];
  return { line, ...joined(parts) };
}

/** What one thing of a user comes to. */
interface Part {
  readonly wish?: Partial<ImportedAccount>;
  readonly fault?: GivenFault;
  readonly passedOver?: string;
}

const ofDirectory = unfit('other', 'comes from a directory (LDAP), where the password stays');

function joined(parts: readonly Part[]): Omit<GivenAccount, 'line'> {
  let wish: Partial<ImportedAccount> = {};
  const faults: GivenFault[] = [];
  const passedOver: string[] = [];
  for (const part of parts) {
    const { password, code, identities = [] } = part.wish ?? {};
    if (part.fault !== undefined) faults.push(part.fault);
    if (part.passedOver !== undefined) passedOver.push(part.passedOver);
    if (password !== undefined && wish.password !== undefined) {
      faults.push({ says: 'has more than one password', kind: 'password' });
    } else if (code !== undefined && wish.code !== undefined) {
      // Keycloak lists them in the order in which they are offered.
      faults.push({ says: 'has more than one app for codes, and one is kept', kind: 'code' });
    } else {
      const linked = [...(wish.identities ?? []), ...identities];
      wish = { ...wish, ...part.wish, ...(linked.length > 0 && { identities: linked }) };
    }
  }
  return { wish, faults, passedOver };
}

function profileOf({ username, firstName, lastName, email, ...more }: User): Part {
  const name = [firstName, lastName]
    .map((part) => part?.trim() ?? '')
    .filter((part) => part !== '')
    .join(' ');
  const language = LANGUAGES.find(
    (one) => more.attributes?.['locale']?.[0]?.split(/[-_]/)[0] === one,
  );
  const hasAddress = typeof email === 'string' && email !== '';
  // Whoever gets notices hears what happens to an account: it is to be theirs.
  const isTheirs = hasAddress && more.emailVerified === true && EMAIL.test(email);
  return {
    wish: {
      ...{ login: username, name: name === '' ? username : name },
      ...(isTheirs && { email }),
      ...(language !== undefined && { language }),
      ...(more.enabled === false && { disabled: true }),
    },
    ...(hasAddress && !isTheirs && { passedOver: 'addresses that were never verified' }),
  };
}

function credentialOf(credential: Credential): Part {
  if (credential.type === 'password') return passwordOf(credential);
  if (credential.type === 'otp') return codeOf(credential);
  return unfit(
    'other',
    OTHERS.get(credential.type) ?? 'has a credential of a kind that is not known',
  );
}

const OTHERS: ReadonlyMap<string, string> = new Map([
  ['webauthn', 'has a passkey, which holds for its old address alone'],
  ['webauthn-passwordless', 'has a passkey, which holds for its old address alone'],
  ['recovery-authn-codes', 'has recovery codes, which are made anew at /account'],
]);

function passwordOf({ secretData, credentialData }: Credential): Part {
  const secret = passwordSecret.safeParse(within(secretData));
  const terms = passwordTerms.safeParse(within(credentialData));
  if (!secret.success || !terms.success)
    return unfit('password', 'has a password in no known form');
  const salt = Buffer.from(secret.data.salt, 'base64');
  const hash = Buffer.from(secret.data.value, 'base64');
  const { algorithm, hashIterations: rounds, additionalParameters } = terms.data;
  if (algorithm === 'pbkdf2-sha256' || algorithm === 'pbkdf2-sha512') {
    const digest = algorithm.slice('pbkdf2-'.length);
    return { wish: { password: phcOfPbkdf2({ digest, rounds, salt, hash }) } };
  }
  if (algorithm !== 'argon2') {
    return unfit(
      'password',
      'has a password by an algorithm other than pbkdf2-sha256, pbkdf2-sha512 and argon2',
    );
  }
  const of = (name: string) => additionalParameters?.[name]?.[0] ?? '';
  const version = of('version') === '1.0' ? 16 : 19;
  const cost = `m=${of('memory')},t=${rounds},p=${of('parallelism')}`;
  const head = `$argon2${of('type')}$v=${version}$${cost}`;
  return { wish: { password: `${head}$${base64(salt)}$${base64(hash)}` } };
}

function codeOf({ secretData, credentialData }: Credential): Part {
  const secret = codeSecret.safeParse(within(secretData));
  const terms = codeTerms.safeParse(within(credentialData));
  if (!secret.success || !terms.success)
    return unfit('code', 'has an app for codes in no known form');
  const { subType, digits, period, algorithm, secretEncoding } = terms.data;
  if (subType !== 'totp') return unfit('code', 'has codes that are counted (HOTP), and not timed');
  // Without an encoding, the bytes of the text are the key themselves.
  const isBase32 = typeof secretEncoding === 'string' && secretEncoding !== '';
  if (isBase32 && secretEncoding !== 'BASE32') {
    return unfit('code', 'has a key for codes in an encoding that is not known');
  }
  const key = isBase32 ? secret.data.value : base32Of(Buffer.from(secret.data.value));
  const asked = new URLSearchParams({
    ...{ secret: key, digits: String(digits), period: String(period ?? 30) },
    algorithm: (algorithm ?? 'HmacSHA1').replace(/^Hmac/, ''),
  });
  return { wish: { code: `otpauth://totp/?${asked}` } };
}

function identitiesOf(
  links: NonNullable<User['federatedIdentities']>,
  providers: ProviderIssuers,
): Part[] {
  return links.map(({ identityProvider: alias, userId: subject }): Part => {
    const issuer = providers.get(alias);
    if (issuer !== undefined) return { wish: { identities: [{ issuer, subject }] } };
    const says = `is linked to the provider ${JSON.stringify(alias)}, whose issuer is not known; say it with --provider ALIAS=ISSUER`;
    return { fault: { says, kind: 'identity' } };
  });
}

function unfit(kind: Leavable, says: string): Part {
  return { fault: { says, kind } };
}

/** Undefined: it is no JSON. What the parser says repeats some of it. */
function within(text: string | null | undefined): unknown {
  try {
    return text === null || text === undefined ? undefined : parseJsonText(text);
  } catch {
    return undefined;
  }
}
