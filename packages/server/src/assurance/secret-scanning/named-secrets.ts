import { HEX, named, type ServiceRule, URLSAFE, UUID, WITH_DIGIT, WORD } from './service-rule.ts';

/** A key, and not what it is called or where it lies. */
const KEY =
  '[\\w.-]{0,24}(?:key|token|secret|password|auth)(?![_.-]?(?:id|name|path|file|url|uri|arn|sha|hash|version|type)(?![a-z]))[\\w.-]{0,12}';
/** What the service itself calls public: an id, a key for browsers. */
const NOT_PUBLIC = '(?![\\w.-]{0,24}(?:public|_id\\b|search|zone_?id|account_?id))';

const wordy = (length: string) => `${WITH_DIGIT}${WORD}${length}`;
const urlSafe = (length: string) => `${WITH_DIGIT}${URLSAFE}${length}`;

/** Secrets that look like any other: the service, and that it is a secret, is said beside them. */
export const NAMED_SECRETS: readonly ServiceRule[] = [
  named(
    'cloudflare/api-token',
    'Cloudflare API token or key',
    ['cloudflare', 'cf_', 'cf-', 'x-auth-key', 'cfapi', 'cftoken'],
    `(?<![a-z0-9])(?:cloudflare|cf(?=[_-]|api|token))${NOT_PUBLIC}${KEY}|x-auth-key`,
    `(?:(?!${HEX}{40})${urlSafe('{40}')}|${HEX}{37})`,
  ),
  named(
    'mollie/api-key',
    'Mollie API key or token',
    'mollie',
    `mollie(?:${KEY}|[\\w.>({ -]{0,60}?key)`,
    `(?:live|test|access|refresh)_${WORD}{30,64}`,
  ),
  named(
    'paypal/client-secret',
    'PayPal client secret',
    'paypal',
    `paypal${KEY}`,
    `E${urlSafe('{60,90}')}`,
  ),
  named('plaid/secret', 'Plaid secret', 'plaid', `plaid${KEY}`, `${HEX}{30}`),
  named(
    'aws/secret-key',
    'AWS secret access key',
    'aws',
    'aws[\\w.-]{0,12}secret(?:[\\w.-]{0,8}key)?',
    '(?![0-9a-f]{40})(?=[A-Za-z+/]{0,39}[0-9])[A-Za-z0-9+/]{40}',
  ),
  named(
    'azure/account-key',
    'Azure storage or Cosmos key',
    ['azure', 'cosmos'],
    `(?:azure|cosmos)${KEY}`,
    '[A-Za-z0-9+/]{86}==',
  ),
  named(
    'datadog/key',
    'Datadog API or application key',
    ['datadog', 'dd_ap', 'dd-ap'],
    `datadog(?![\\w.-]{0,24}client)${KEY}|(?<![a-z0-9])dd[_-](?:api|app(?:lication)?)[_-]key`,
    `(?:${HEX}{40}|${HEX}{32})`,
  ),
  named(
    'algolia/api-key',
    'Algolia API key',
    'algolia',
    `algolia${NOT_PUBLIC}${KEY}`,
    `${HEX}{32}`,
  ),
  named(
    'okta/api-token',
    'Okta API token',
    ['okta', 'ssws'],
    `okta${KEY}|ssws`,
    `00${URLSAFE}{40}`,
  ),
  named('auth0/client-secret', 'Auth0 client secret', 'auth0', `auth0${KEY}`, urlSafe('{43,86}')),
  named(
    'ngrok/authtoken',
    'ngrok token',
    ['ngrok', 'authtoken'],
    `ngrok${KEY}|authtoken`,
    `[12]${WORD}{26}_${WORD}{20,22}`,
  ),
  named('fastly/api-token', 'Fastly API token', 'fastly', `fastly${KEY}`, urlSafe('{32}')),
  named('heroku/older-key', 'Heroku API key', 'heroku', `heroku${KEY}`, UUID),
  named(
    'scaleway/secret-key',
    'Scaleway secret key',
    ['scw_', 'scaleway'],
    '(?:scw|scaleway)[\\w.-]{0,24}(?:secret|token)[\\w.-]{0,12}',
    UUID,
  ),
  named(
    'ovh/secret',
    'OVH application secret or consumer key',
    'ovh',
    'ovh[\\w.-]{0,24}(?:secret|consumer)[\\w.-]{0,12}',
    wordy('{32}'),
  ),
  named(
    'hetzner/api-token',
    'Hetzner API token',
    ['hcloud', 'hetzner'],
    `(?:hcloud|hetzner)${KEY}`,
    `(?:${wordy('{64}')}|${wordy('{32}')})`,
  ),
  named(
    'vercel/older-token',
    'Vercel token',
    ['vercel', 'now_token'],
    `vercel${KEY}|now_token`,
    wordy('{24}'),
  ),
  named('netlify/older-token', 'Netlify token', 'netlify', `netlify${KEY}`, urlSafe('{43,46}')),
  named('zendesk/api-token', 'Zendesk API token', 'zendesk', `zendesk${KEY}`, wordy('{40}')),
  named('snyk/older-token', 'Snyk token', 'snyk', `snyk${KEY}`, UUID),
  named(
    'launchdarkly/api-key',
    'LaunchDarkly API token',
    ['launchdarkly', 'launch_darkly'],
    `launch_?darkly${KEY}`,
    `api-${UUID}`,
  ),
  named(
    'consul/token',
    'Consul or Nomad token',
    ['consul_', 'nomad_t'],
    `consul_${KEY}|nomad_token`,
    UUID,
  ),
  named(
    'vault/older-token',
    'HashiCorp Vault token',
    'vault',
    `vault[\\w.-]{0,24}token`,
    `s\\.${WORD}{24}`,
  ),
  named('railway/token', 'Railway token', 'railway', `railway${KEY}`, UUID),
  named('postmark/token', 'Postmark server token', 'postmark', `postmark${KEY}`, UUID),
  named(
    'asana/token',
    'Asana personal access token',
    'asana',
    `asana${KEY}`,
    `[0-2]/[0-9]{16}(?:/[0-9]{16})?:${HEX}{32}`,
  ),
  named(
    'cohere/api-key',
    'Cohere API key',
    ['cohere', 'co_api_key'],
    `cohere${KEY}|co_api_key`,
    wordy('{40}'),
  ),
  named('mistral/api-key', 'Mistral API key', 'mistral', `mistral${KEY}`, wordy('{32}')),
  named(
    'elevenlabs/api-key',
    'ElevenLabs API key',
    ['elevenlabs', 'xi-api-key'],
    `elevenlabs${KEY}|xi-api-key`,
    `(?:sk_${HEX}{48}|${HEX}{32})`,
  ),
  named('codecov/token', 'Codecov token', 'codecov', `codecov${KEY}`, UUID),
  named(
    'sentry/older-token',
    'Sentry token',
    'sentry',
    `sentry[\\w.-]{0,24}(?:token|secret)[\\w.-]{0,12}`,
    `${HEX}{64}`,
  ),
  named('mailjet/secret', 'Mailjet key or secret', 'mailjet', `mailjet${KEY}`, `${HEX}{32}`),
  named(
    'alibaba/secret-key',
    'Alibaba Cloud access key secret',
    ['alibaba', 'aliyun'],
    '(?:alibaba|aliyun)[\\w.-]{0,24}secret[\\w.-]{0,12}',
    wordy('{30}'),
  ),
  named(
    'wireguard/private-key',
    'Private key (WireGuard, DNSSEC)',
    'privatekey',
    '(?<![a-z0-9])privatekey',
    '[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=',
  ),
];
