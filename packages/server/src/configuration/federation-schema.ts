import { z } from 'zod';
import { LEVELS } from '../messages/levels.ts';
import { type ProviderProfileName, providerProfiles } from './provider-profiles.ts';
import { file, roleName } from './schema-values.ts';

/** OpenID Connect Discovery §4.3: compared to the letter, so that nothing is made of it here. */
const providerIssuer = z
  .string()
  .max(500)
  .refine((text) => isProviderIssuer(text), {
    error: 'is not an https URL without query or fragment, such as https://login.partner.example',
  })
  .refine((text) => !ANY_TENANT.test(text), {
    error: 'is no issuer: it lets in whoever makes a directory of their own; name yours by tenant',
  });

/** Microsoft's names for any directory there is: no issuer calls itself so. */
const ANY_TENANT = /^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)\b/i;

/** On this machine nobody is between. */
function isProviderIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username, password } = new URL(text);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const isPlain = [search, hash, username, password].join('') === '' && !/[?#]/.test(text);
  return isPlain && (protocol === 'https:' || (protocol === 'http:' && isHere));
}

const claim = z.string().min(1).max(200);
const language = z.enum(['en', 'nl', 'fr', 'de']);
const profile = z.enum(Object.keys(providerProfiles) as ProviderProfileName[]);

const signUp = z.union(
  [
    z.enum(['nobody', 'everybody']),
    z
      .record(claim, z.array(z.string().min(1).max(500)).min(1).max(100))
      .refine((rule) => Object.keys(rule).length > 0, 'names no claim; everybody is said as such'),
  ],
  {
    error: 'is neither nobody, nor everybody, nor claims with values, such as { team: [payments] }',
  },
);

const PROOF = 'has either clientSecret or clientKeys';

/** One OpenID provider at which people sign in. */
const provider = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not a short name of a-z, 0-9 and -')
      .describe('By which it is known here; stands in the address to which it sends people back.'),
    profile: profile.optional().describe('What is known of it already; each key here goes before.'),
    issuer: providerIssuer
      .optional()
      .describe('Its issuer, to the letter; its discovery document stands there.'),
    tenant: z
      .uuid({ error: 'is not the id of a tenant, such as 72f988bf-86f1-41af-91ab-2d7cd011db47' })
      .optional()
      .describe(
        'In place of `issuer` where the profile makes it of this (`entra`): the directory.',
      ),
    names: z
      .partialRecord(language, z.string().min(1).max(60))
      .refine((names) => names.en !== undefined, 'has no name in English (en)')
      .optional()
      .describe('What stands on its button, by language; at least `en`.'),
    clientId: z.string().min(1).max(500).describe('What this server is called there.'),
    clientSecret: z
      .string()
      .regex(/^(?:env|file):./, { error: 'is a secret, named env:NAME or file:PATH' })
      .optional()
      .describe('Its secret there, as env:NAME or file:PATH.'),
    clientKeys: z
      .array(file)
      .min(1)
      .max(4)
      .optional()
      .describe(
        'PEM files with private keys of its own (private_key_jwt), in place of a secret. The first signs; the public halves of all stand at /federation/jwks.',
      ),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'is no scope'))
      .max(30)
      .optional()
      .describe('What is asked for there; `openid` goes without saying.'),
    algorithms: z
      .array(z.enum(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']))
      .min(1)
      .optional()
      .describe('With which it may sign. Without: RS256, PS256, ES256, ES384 and EdDSA.'),
    acr: z
      .record(z.string().min(1).max(500), z.enum(LEVELS))
      .optional()
      .describe(
        'How strongly somebody has signed in here, by what it says (`acr`). What does not stand here is the lowest (`0`).',
      ),
    claims: z
      .strictObject({
        name: z
          .array(claim)
          .min(1)
          .max(5)
          .optional()
          .describe('Claims that make up the name, in this order. Without: `name`.'),
        email: claim
          .optional()
          .describe(
            'Claim with the address for notices, which is kept where `email_verified` is true. Without: `email`.',
          ),
      })
      .prefault({})
      .describe('Which of its claims say what a new account is called.'),
    directory: z
      .strictObject({
        name: z.string().min(1).max(32).describe('One of `issuer.directories`.'),
        claim: claim.describe(
          'Claim of its ID tokens with what the directory calls somebody (`externalId`), such as `oid` of Entra. Never a name or an address: those are given to others.',
        ),
      })
      .optional()
      .describe(
        'People of a directory come into their accounts by this provider, without linking it first.',
      ),
    roles: z
      .strictObject({
        claim: claim.describe('Claim of its ID tokens, such as `roles` or `groups`.'),
        values: z
          .record(z.string().min(1).max(500), z.array(roleName).min(1).max(50))
          .describe('Roles of whoever has a value in it, by value.'),
      })
      .optional()
      .describe(
        'Roles of people by what it says when they sign in there, until they sign in there again.',
      ),
    signUp: signUp
      .default('nobody')
      .describe(
        'Whose first sign-in makes an account: `nobody` (only who has linked it comes in), `everybody`, or whoever has one of these values in each of these claims.',
      ),
  })
  .refine(
    ({ clientSecret, clientKeys }) => (clientSecret === undefined) !== (clientKeys === undefined),
    { error: PROOF },
  );

/** The OpenID providers at which people sign in, beside their own passkeys. */
export const federation = z
  .array(provider)
  .max(20)
  .default([])
  .describe('OpenID providers at which people may sign in, each with a button.');

export type ProviderConfiguration = z.output<typeof provider>;
