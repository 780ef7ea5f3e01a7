import { HEX, type ServiceRule } from './service-rule.ts';

/** `auth_token = "`, `authToken: '`, `password="` as it stands before a token. */
const TWILIO_TOKEN =
  '(?:[Aa][Uu][Tt][Hh][_-]?[Tt][Oo][Kk][Ee][Nn]|[Tt]oken|TOKEN|[Pp]assword)["\'`]?\\s{0,4}(?::?=|=>|[:,>])\\s{0,4}["\'`]?';

/** Forms in which services hand their secrets out, beside those that are told by a prefix or a name alone. */
export const ISSUED_FORMS: readonly ServiceRule[] = [
  {
    id: 'connection-url/password',
    title: 'Password in a connection URL',
    anchors: [
      ...['redis', 'rediss', 'valkey', 'valkeys', 'amqp', 'amqps', 'mqtt', 'mqtts', 'nats', 'ldap'],
      ...['ldaps', 'smtp', 'smtps'],
    ].map((scheme) => `${scheme}://`),
    anyCase: true,
    before: 8,
    after: 420,
    // As a whole, as a placeholder may also be the user again.
    pattern:
      /(?<![A-Za-z0-9+.-])(?:rediss?|valkeys?|amqps?|mqtts?|nats|ldaps?|smtps?):\/\/[^\s:@/"'`<>\\]{0,128}:[^\s@/"'`<>\\]{4,256}@(?=[A-Za-z0-9[])/gi,
  },
  {
    id: '1password/service-account',
    title: '1Password service account token',
    anchors: ['ops_eyJ'],
    before: 8,
    after: 1_700,
    pattern: /(?<![A-Za-z0-9_-])ops_eyJ[A-Za-z0-9+/_-]{150,1600}={0,2}(?![A-Za-z0-9+/_=-])/g,
  },
  {
    id: 'stripe/webhook-secret',
    title: 'Webhook signing secret (Stripe, Svix)',
    anchors: ['whsec_'],
    before: 8,
    after: 128,
    pattern: /(?<![A-Za-z0-9_-])whsec_[A-Za-z0-9+/]{32,100}={0,2}(?![A-Za-z0-9+/_=-])/g,
  },
  {
    id: 'azure/shared-access-signature',
    title: 'Azure shared access signature',
    anchors: ['sig='],
    before: 16,
    after: 144,
    // SHA-256 in base64, percent-encoded or not; Logic Apps leave the padding out.
    pattern:
      /(?<=[?&]|&amp;)sig=(?<secret>(?:[A-Za-z0-9+/_-]|%2[BFbf]){43}(?:%3[Dd]|=)?)(?![A-Za-z0-9%+/=_-])/g,
  },
  {
    id: 'npm/legacy-token',
    title: 'npm authentication token',
    anchors: ['_authToken'],
    before: 8,
    after: 256,
    pattern:
      /_authToken\s{0,2}[=:]\s{0,2}["']?(?!npm_)(?<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+/_-]{24,200}={0,2})(?![A-Za-z0-9+/=_-])/g,
  },
  {
    id: 'docker/registry-auth',
    title: 'Password of a container registry',
    // Under the address of a registry; the word alone stands in many files.
    anchors: ['"auth"', '\\"auth\\"'],
    before: 640,
    after: 480,
    pattern:
      /"[^"\s{}]{0,128}[.:][^"\s{}]{0,128}\\?"\s{0,4}:\s{0,4}\{\s{0,40}(?:\\?"[a-z]{1,20}\\?"\s{0,4}:\s{0,4}\\?"[^"]{0,128}"\s{0,4},\s{0,40}){0,4}\\?"auth\\?"\s{0,4}:\s{0,4}\\?"(?<secret>(?:[A-Za-z0-9+/]{4}){3,100}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\\?"/g,
  },
  {
    id: 'github/refresh-token',
    title: 'GitHub refresh token',
    anchors: ['ghr_'],
    before: 8,
    after: 96,
    pattern: /(?<![A-Za-z0-9_-])ghr_[A-Za-z0-9]{60,80}(?![A-Za-z0-9_-])/g,
  },
  {
    id: 'twilio/account-and-token',
    title: 'Twilio account with its auth token',
    // Two letters are too few to look for.
    anchors: Array.from('0123456789abcdef', (digit) => `AC${digit}`),
    before: 8,
    after: 320,
    ...{ isAtAnchor: true, wordsAfter: 31 },
    // AC…:token, ("AC…", "token"), and a token that is called so within a few lines.
    pattern: new RegExp(
      `(?<![A-Za-z0-9])AC${HEX}{32}(?::|["'\`]\\s{0,40},\\s{0,40}["'\`]|(?![A-Za-z0-9])[^]{1,160}?${TWILIO_TOKEN})(?<secret>${HEX}{32})(?![A-Za-z0-9])`,
      'g',
    ),
  },
  {
    id: 'twilio/token-and-account',
    title: 'Twilio auth token',
    anchors: ['auth_token', 'authtoken', 'auth-token'],
    anyCase: true,
    before: 420,
    after: 480,
    // Near its account, or near the name of the service.
    pattern: new RegExp(
      `${TWILIO_TOKEN}(?<secret>${HEX}{32})(?![A-Za-z0-9])(?:(?=[^]{0,300}?(?:[Tt][Ww][Ii][Ll][Ii][Oo]|(?<![A-Za-z0-9])AC${HEX}{32}))|(?<=(?:[Tt][Ww][Ii][Ll][Ii][Oo]|AC${HEX}{32})[^]{0,400}))`,
      'g',
    ),
  },
  {
    id: 'mailgun/domain-key',
    title: 'Mailgun API key',
    // Without a prefix: the service stands nearby, or the user that goes with it.
    anchors: ['mailgun', 'api:'],
    anyCase: true,
    before: 300,
    after: 300,
    pattern: /(?<![A-Za-z0-9-])(?<secret>[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})(?![A-Za-z0-9-])/g,
  },
  {
    id: 'discord/bare-bot-token',
    title: 'Discord bot token',
    anchors: firstLetters(),
    before: 8,
    after: 96,
    // The id of the bot, 17 to 19 digits in base64, comes first.
    pattern:
      /(?<![A-Za-z0-9_.-])(?:[MNO][DTjz][AEIMQUYcgk][wxyz0-5]){5,6}[MNO][A-Za-z0-9]{1,3}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/g,
  },
];

/** Of the base64 of two digits and a half. */
function firstLetters(): string[] {
  return Array.from('MNO').flatMap((first) =>
    Array.from('DTjz').flatMap((second) =>
      Array.from('AEIMQUYcgk', (third) => first + second + third),
    ),
  );
}
