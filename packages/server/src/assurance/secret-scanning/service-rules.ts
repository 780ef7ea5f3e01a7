import { ISSUED_FORMS } from './issued-forms.ts';

/**
 * Formats that the published rules lack. Each pattern begins where its literal can be looked for, says
 * the secret in its group `secret` (or as a whole), and is bounded, so that a window is enough.
 */
export interface ServiceRule {
  /** `google/api-key` */
  readonly id: string;
  readonly title: string;
  /** Literals of at least three bytes; every match contains one. */
  readonly anchors: readonly string[];
  readonly anyCase?: boolean;
  /** Bytes that a match can take before and after its literal. */
  readonly before: number;
  readonly after: number;
  /** A match begins with its literal, so that one place is looked at and no more. */
  readonly isAtAnchor?: true;
  /** Of letters, digits, _ and -, at least so many follow the literal: a look that costs nothing. */
  readonly wordsAfter?: number;
  /** Global. Letters and digits beside a match are part of something longer. */
  readonly pattern: RegExp;
}

const ALONE_BEFORE = '(?<![A-Za-z0-9_-])';
const ALONE_AFTER = '(?![A-Za-z0-9_-])';

/** A prefix that only this service uses, then characters of one kind. */
function token(
  id: string,
  title: string,
  prefixes: readonly string[],
  rest: string,
  lengthMax = 256,
): ServiceRule {
  const prefix = prefixes.map(escaped).join('|');
  return {
    id,
    title,
    anchors: prefixes,
    before: 8,
    after: lengthMax,
    isAtAnchor: true,
    pattern: new RegExp(`${ALONE_BEFORE}(?:${prefix})${rest}${ALONE_AFTER}`, 'g'),
  };
}

/** A secret without a form of its own, told by the words beside it. */
function named(
  id: string,
  title: string,
  word: string,
  names: string,
  secret: string,
): ServiceRule {
  return {
    id,
    title,
    anchors: [word],
    anyCase: true,
    // The word may also come after it: `Bot SECRET # discord`.
    before: 256,
    after: 256,
    // NAME = "secret", name: secret, "name": "secret", --name secret, header: Name secret
    pattern: new RegExp(
      `(?:${names})["']?\\s{0,4}(?:[:=]|=>|,|\\s)\\s{0,4}["']?${ALONE_BEFORE}(?<secret>${secret})${ALONE_AFTER}`,
      'gi',
    ),
  };
}

const HEX = '[0-9a-f]';
const WORD = '[A-Za-z0-9]';
const URLSAFE = '[A-Za-z0-9_-]';

export const SERVICE_RULES: readonly ServiceRule[] = [
  ...ISSUED_FORMS,
  // Private keys of every kind, encrypted ones too; in JSON and YAML with their lines escaped or indented.
  {
    id: 'private-key/pem',
    title: 'Private key (PEM)',
    anchors: ['PRIVATE KEY'],
    before: 40,
    after: 4_096,
    pattern:
      /-----BEGIN (?<secret>(?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]|["'+,]|[A-Za-z0-9-]{1,30}: ?[^\n\\]{0,100}(?:\n|\\n)){1,40}(?:[A-Za-z0-9+/=](?:\s|\\[nr]|["'+,]){0,12}){40})/g,
  },
  token(
    'age/secret-key',
    'age secret key',
    ['AGE-SECRET-KEY-1'],
    '[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}',
  ),
  token(
    'age/plugin-key',
    'age plugin identity',
    ['AGE-PLUGIN-'],
    '[A-Z0-9]{2,20}-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{30,200}',
    300,
  ),
  {
    id: 'jwt/signed-token',
    title: 'Signed JSON Web Token',
    anchors: ['eyJ'],
    before: 8,
    after: 6_000,
    ...{ isAtAnchor: true, wordsAfter: 14 },
    pattern: new RegExp(
      `${ALONE_BEFORE}eyJ${URLSAFE}{14,1000}\\.eyJ${URLSAFE}{10,4000}\\.${URLSAFE}{27,1000}${ALONE_AFTER}`,
      'g',
    ),
  },
  // Google
  token('google/api-key', 'Google API key', ['AIza'], `${URLSAFE}{35}`),
  token('google/client-secret', 'Google OAuth client secret', ['GOCSPX-'], `${URLSAFE}{28}`),
  token(
    'google/access-token',
    'Google OAuth access token',
    ['ya29.'],
    `${URLSAFE}{30,1000}`,
    1_100,
  ),
  {
    ...token('google/refresh-token', 'Google OAuth refresh token', ['1//0'], `${URLSAFE}{40,150}`),
    before: 12,
  },
  // Microsoft Azure
  {
    id: 'azure/client-secret',
    title: 'Azure AD client secret',
    anchors: ['8Q~', '7Q~', '9Q~'],
    before: 16,
    after: 64,
    pattern:
      /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}[789]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/g,
  },
  {
    id: 'azure/storage-key',
    title: 'Azure storage account key',
    anchors: ['AccountKey='],
    before: 8,
    after: 128,
    pattern: /AccountKey=(?<secret>[A-Za-z0-9+/]{86}==)/g,
  },
  {
    id: 'azure/shared-access-key',
    title: 'Azure shared access key',
    anchors: ['SharedAccessKey='],
    before: 8,
    after: 96,
    pattern: /SharedAccessKey=(?<secret>[A-Za-z0-9+/]{42,44}=?)(?![A-Za-z0-9+/=])/g,
  },
  {
    id: 'azure/devops-token',
    title: 'Azure DevOps personal access token',
    anchors: ['AZDO'],
    before: 90,
    after: 16,
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])/g,
  },
  // Twilio, Mailgun, Telegram, Discord
  {
    id: 'twilio/api-key',
    title: 'Twilio API key',
    // Two letters are too few to look for: the service is named nearby.
    anchors: ['twilio'],
    anyCase: true,
    before: 200,
    after: 400,
    pattern: /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/g,
  },
  named(
    'twilio/auth-token',
    'Twilio auth token',
    'twilio',
    'twilio[\\w.-]{0,24}(?:token|secret|auth|password)[\\w.-]{0,12}',
    `${HEX}{32}`,
  ),
  token('mailgun/api-key', 'Mailgun API key', ['key-'], `${HEX}{32}`, 40),
  {
    id: 'telegram/bot-token',
    title: 'Telegram bot token',
    anchors: [':AA'],
    before: 16,
    after: 48,
    pattern: /(?<![A-Za-z0-9:])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g,
  },
  {
    id: 'discord/webhook',
    title: 'Discord webhook',
    anchors: ['/api/webhooks/'],
    before: 48,
    after: 128,
    pattern: /discord(?:app)?\.com\/api\/webhooks\/[0-9]{17,20}\/(?<secret>[A-Za-z0-9_-]{60,80})/g,
  },
  named(
    'discord/bot-token',
    'Discord bot token',
    'discord',
    'discord[\\w.-]{0,24}(?:token|secret|key|auth|bot)[\\w.-]{0,12}|Bot',
    '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}',
  ),
  // Packages and clouds
  token('pypi/api-token', 'PyPI API token', ['pypi-AgE'], `${URLSAFE}{50,1000}`, 1_100),
  token('rubygems/api-key', 'RubyGems API key', ['rubygems_'], `${HEX}{48}`),
  token('nuget/api-key', 'NuGet API key', ['oy2'], '[a-z0-9]{43}'),
  named(
    'crates-io/api-token',
    'crates.io API token',
    'cargo',
    'cargo[\\w.-]{0,24}token[\\w.-]{0,12}|token',
    `cio${WORD}{32}`,
  ),
  token(
    'digitalocean/token',
    'DigitalOcean token',
    ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    `${HEX}{64}`,
  ),
  token('heroku/api-key', 'Heroku API key', ['HRKU-'], `${URLSAFE}{36,64}`),
  token('fly/access-token', 'Fly.io access token', ['fo1_'], `${URLSAFE}{43}`),
  token('pulumi/access-token', 'Pulumi access token', ['pul-'], `${HEX}{40}`),
  {
    id: 'terraform/cloud-token',
    title: 'Terraform Cloud token',
    anchors: ['.atlasv1.'],
    before: 24,
    after: 96,
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}(?![A-Za-z0-9_=-])/g,
  },
  token(
    'doppler/token',
    'Doppler token',
    ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.'],
    '(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}',
  ),
  token(
    'alibaba/access-key',
    'Alibaba Cloud access key id',
    ['LTAI'],
    `(?=${WORD}{0,20}[0-9])${WORD}{17,21}`,
  ),
  token('supabase/token', 'Supabase access token', ['sbp_'], `${HEX}{40}`),
  token(
    'planetscale/token',
    'PlanetScale token',
    ['pscale_tkn_', 'pscale_pw_', 'pscale_oauth_'],
    `${URLSAFE}{32,64}`,
  ),
  token('new-relic/user-key', 'New Relic user key', ['NRAK-'], '[A-Z0-9]{27}'),
  {
    id: 'dynatrace/token',
    title: 'Dynatrace token',
    anchors: ['dt0c01.'],
    before: 8,
    after: 128,
    pattern: /(?<![A-Za-z0-9])dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}(?![A-Z2-7])/g,
  },
  token('sentry/token', 'Sentry token', ['sntryu_', 'sntrys_'], '[A-Za-z0-9+/=_-]{64,400}', 500),
  token('replicate/api-token', 'Replicate API token', ['r8_'], `${WORD}{37}`),
  token('xai/api-key', 'xAI API key', ['xai-'], `${WORD}{80}`),
  token('perplexity/api-key', 'Perplexity API key', ['pplx-'], `${WORD}{48,56}`),
  // Code hosting and collaboration
  token(
    'gitlab/other-token',
    'GitLab token',
    ['glrt-', 'gldt-', 'glsoat-', 'glcbt-', 'glptt-', 'glft-', 'glimt-', 'glagent-', 'gloas-'],
    '[A-Za-z0-9_.-]{20,300}',
    320,
  ),
  token('atlassian/api-token', 'Atlassian API token', ['ATATT3'], '[A-Za-z0-9_=-]{100,400}', 450),
  token('bitbucket/app-password', 'Bitbucket app password', ['ATBB'], '[A-Za-z0-9]{32}'),
  token('postman/api-key', 'Postman API key', ['PMAK-'], `${HEX}{24}-${HEX}{34}`),
  named(
    'airtable/token',
    'Airtable personal access token',
    'airtable',
    'airtable[\\w.-]{0,24}(?:key|token|pat|secret)[\\w.-]{0,12}|Bearer',
    `pat${WORD}{14}\\.${HEX}{64}`,
  ),
  {
    id: '1password/secret-key',
    title: '1Password secret key',
    anchors: ['A3-'],
    before: 8,
    after: 64,
    pattern:
      /(?<![A-Za-z0-9-])A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}(?![A-Za-z0-9-])/g,
  },
  // Payment and mail
  token(
    'mollie/live-key',
    'Mollie live API key',
    ['live_'],
    `(?=${WORD}{0,29}[0-9])(?=${WORD}{0,29}[A-Z])${WORD}{30,64}`,
  ),
  token(
    'square/access-token',
    'Square access token',
    ['sq0atp-', 'sq0csp-', 'sq0idp-'],
    `${URLSAFE}{22,43}`,
  ),
  {
    id: 'braintree/access-token',
    title: 'PayPal Braintree access token',
    anchors: ['access_token$'],
    before: 8,
    after: 96,
    pattern: /access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}/g,
  },
  {
    id: 'brevo/api-key',
    title: 'Brevo API key',
    anchors: ['xkeysib-', 'xsmtpsib-'],
    before: 8,
    after: 112,
    pattern: /(?:xkeysib|xsmtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}(?![A-Za-z0-9])/g,
  },
  named(
    'mailchimp/api-key',
    'Mailchimp API key',
    'mailchimp',
    'mailchimp[\\w.-]{0,24}(?:key|token|secret)[\\w.-]{0,12}',
    `${HEX}{32}-us[0-9]{1,2}`,
  ),
  token('shippo/live-token', 'Shippo live token', ['shippo_live_'], `${HEX}{40}`),
];

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
