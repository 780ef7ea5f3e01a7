import { randomInt, randomUUID } from 'node:crypto';
import {
  base32,
  base64,
  bech32,
  botId,
  digits,
  hex,
  low36,
  pair,
  part,
  pem,
  upper,
  url,
  word,
} from './drawn-text.fixture.ts';
import { BY_NAME } from './named-secrets.fixture.ts';
import { OF_VENDORS } from './vendor-tokens.fixture.ts';

/** As the services document their forms; each with the text in which people leave it. */
export const MADE: Readonly<Record<string, readonly (() => string)[]>> = {
  'private-key/pem': [
    () => pem('ec', 'sec1', false),
    () => pem('ec', 'pkcs8', false),
    () => pem('ec', 'sec1', true),
    () => pem('ed25519', 'pkcs8', false),
    () => pem('ed25519', 'pkcs8', true),
    () => pem('rsa', 'pkcs1', true),
    () => JSON.stringify({ key: pem('ec', 'pkcs8', false) }),
    () => `key: |\n${pem('ed25519', 'pkcs8', false).replace(/^/gm, '    ')}`,
    () => `KEY="${pem('ec', 'sec1', false).replace(/\n/g, '\\n')}"`,
  ],
  'age/secret-key': [() => `AGE-SECRET-KEY-1${bech32(58)}`],
  'age/plugin-key': [() => `AGE-PLUGIN-YUBIKEY-1${bech32(60)}`],
  'jwt/signed-token': [
    () =>
      `Authorization: Bearer ${part({ alg: 'RS256', kid: word(8) })}.${part({ sub: word(12), exp: 1_900_000_000 })}.${url(342)}`,
    () => `token = "${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: word(9) })}.${url(43)}"`,
  ],
  'google/api-key': [() => `const key = 'AIza${url(35)}';`],
  'google/client-secret': [() => `"client_secret":"GOCSPX-${url(28)}"`],
  'google/access-token': [() => `ya29.${url(180)}`],
  'google/refresh-token': [() => `refresh: 1//0${url(97)}`],
  'azure/client-secret': [() => `AZURE_SECRET=${word(3)}8Q~${url(33)}x`],
  'azure/storage-key': [() => `AccountName=shop;AccountKey=${base64(86)}==;EndpointSuffix=core`],
  'azure/shared-access-key': [() => `Endpoint=sb://x/;SharedAccessKey=${base64(43)}=`],
  'azure/devops-token': [() => `${word(76)}AZDO${word(4)}`],
  'twilio/api-key': [() => `TWILIO_API_KEY=SK${hex(32)}`, () => `key: "SK${hex(32)}"`],
  'twilio/auth-token': [
    () => `TWILIO_AUTH_TOKEN=${hex(32)}`,
    () => `"twilioAuthToken": "${hex(32)}"`,
  ],
  'mailgun/api-key': [() => `mailgun = key-${hex(32)}`],
  'mailgun/domain-key': [
    () => `MAILGUN_API_KEY: ${hex(32)}-${hex(8)}-${hex(8)}`,
    () => `curl -s --user 'api:${hex(32)}-${hex(8)}-${hex(8)}' https://api.eu.example/v3/x`,
    () => `mg = Mailgun({ username: 'api', key: '${hex(32)}-${hex(8)}-${hex(8)}' })`,
  ],
  'connection-url/password': [
    () => `REDIS_URL=redis://:${word(24)}@cache.internal:6379/0`,
    () => `url: rediss://default:${url(32)}@10.0.0.7:6380`,
    () => `"amqps://shop:${word(20)}@mq.example.com/vhost"`,
    () => `AMQP_URL='amqp://u${digits(3)}:${hex(16)}@[::1]'`,
    () => `valkeys://gate:${word(20)}@counters`,
    () => `smtps://mailer%40x.example:${word(18)}@smtp.example.com:465`,
  ],
  '1password/service-account': [
    () =>
      `OP_SERVICE_ACCOUNT_TOKEN=ops_${part({ email: word(20), muk: { k: word(43) }, secretKey: word(30), throttleSecret: { seed: hex(64) } })}`,
    () => `token: ops_eyJ${base64(801)}=`,
  ],
  'stripe/webhook-secret': [
    () => `STRIPE_WEBHOOK_SECRET=whsec_${word(32)}`,
    () => `secret: "whsec_${base64(43)}="`,
    () => `whsec_${hex(64)}`,
  ],
  'azure/shared-access-signature': [
    () =>
      `https://shop.blob.core.windows.net/c?sv=2022-11-02&sr=c&sp=r&se=2027-01-01&sig=${encodeURIComponent(`${base64(43)}=`)}`,
    () => `SharedAccessSignature sr=x&sig=${encodeURIComponent(`${base64(43)}=`)}&se=1&skn=root`,
    () => `https://prod.logic.azure.com/workflows/x?api-version=1&sp=%2Ft&amp;sig=${url(43)}`,
  ],
  'npm/legacy-token': [
    () => `//registry.npmjs.org/:_authToken=${randomUUID()}`,
    () => `//npm.example.com/:_authToken="${base64(38)}=="`,
  ],
  'docker/registry-auth': [
    () =>
      JSON.stringify({
        auths: { 'https://index.docker.io/v1/': { auth: pair(`shop:${word(20)}`) } },
      }),
    () =>
      JSON.stringify(
        { auths: { 'ghcr.io': { username: 'x', email: 'x@y.z', auth: pair(`x:${word(36)}`) } } },
        null,
        '\t',
      ),
    () =>
      JSON.stringify(
        JSON.stringify({ 'r.example:5000': { auth: pair(`u${word(3)}:${word(12)}`) } }),
      ),
  ],
  'github/refresh-token': [() => `ghr_${word(76)}`],
  'twilio/account-and-token': [
    () => `curl -u AC${hex(32)}:${hex(32)} https://x.example`,
    () => `const client = require('twilio')('AC${hex(32)}', '${hex(32)}');`,
    () => `client = twilio("AC${hex(32)}", "${hex(32)}")`,
    () => `client = Client("AC${hex(32)}", "${hex(32)}")`,
    () => `$client = new Client(\n    'AC${hex(32)}',\n    '${hex(32)}'\n);`,
    () => `@client = Twilio::REST::Client.new 'AC${hex(32)}', '${hex(32)}'`,
    () => `account_sid = "AC${hex(32)}"\nauth_token = "${hex(32)}"\n`,
    () => `const accountSid = 'AC${hex(32)}';\n// of the console\nconst authToken = '${hex(32)}';`,
    () => `ACCOUNT_SID=AC${hex(32)}\nAUTH_TOKEN=${hex(32)}`,
    () => JSON.stringify({ accountSid: `AC${hex(32)}`, authToken: hex(32) }, null, 2),
    () => `Username = "AC${hex(32)}", Password = "${hex(32)}"`,
    () =>
      `twilio.NewRestClientWithParams(twilio.ClientParams{Username: "AC${hex(32)}", Password: "${hex(32)}"})`,
  ],
  'twilio/token-and-account': [
    () => `auth_token = '${hex(32)}'\naccount_sid = 'AC${hex(32)}'`,
    () =>
      `import twilio from 'twilio';\nconst authToken = "${hex(32)}";\nconst sid = process.env.SID;`,
    () => `AUTH_TOKEN: ${hex(32)} # of Twilio`,
  ],
  'discord/bare-bot-token': [
    () => `client.login('${botId(18)}.${url(6)}.${url(38)}')`,
    () => `TOKEN=${botId(19)}.G${url(5)}.${url(27)}`,
    () => `${botId(17)}.${url(6)}.${url(38)}`,
  ],
  'telegram/bot-token': [() => `bot ${digits(9).replace(/^0/, '1')}:AA${url(33)}`],
  'discord/webhook': [() => `https://discord.com/api/webhooks/${digits(18)}/${url(68)}`],
  'discord/bot-token': [
    () => `DISCORD_TOKEN=M${word(23)}.${url(6)}.${url(38)}`,
    () => `Authorization: Bot M${word(25)}.G${url(5)}.${url(38)} # discord`,
  ],
  'pypi/api-token': [() => `password = pypi-AgEIcHlwaS5vcmc${url(150)}`],
  'rubygems/api-key': [() => `rubygems_${hex(48)}`],
  'nuget/api-key': [() => `oy2${low36(43)}`],
  'crates-io/api-token': [
    () => `CARGO_REGISTRY_TOKEN=cio${word(32)}`,
    () => `token = "cio${word(32)}"`,
  ],
  'digitalocean/token': [() => `dop_v1_${hex(64)}`, () => `doo_v1_${hex(64)}`],
  'heroku/api-key': [() => `HRKU-AA${url(58)}`],
  'fly/access-token': [() => `fo1_${url(43)}`],
  'pulumi/access-token': [() => `pul-${hex(40)}`],
  'terraform/cloud-token': [() => `token = "${word(14)}.atlasv1.${url(67)}"`],
  'doppler/token': [() => `dp.pt.${word(43)}`, () => `dp.st.prd.${word(43)}`],
  'alibaba/access-key': [() => `LTAI5t${word(18)}`],
  'supabase/token': [() => `sbp_${hex(40)}`],
  'planetscale/token': [() => `pscale_tkn_${url(43)}`],
  'new-relic/user-key': [() => `NRAK-${upper(27)}`],
  'dynatrace/token': [() => `dt0c01.${base32(24)}.${base32(64)}`],
  'sentry/token': [() => `sntryu_${hex(64)}`],
  'replicate/api-token': [() => `r8_${word(37)}`],
  'xai/api-key': [() => `xai-${word(80)}`],
  'perplexity/api-key': [() => `pplx-${word(48)}`],
  'gitlab/other-token': [() => `glrt-${url(20)}`, () => `gldt-${url(20)}`],
  'atlassian/api-token': [() => `ATATT3xFfGF0${url(170)}=${upper(8)}`],
  'bitbucket/access-token': [() => `ATCTT3xFfGN0${url(170)}=${upper(8)}`],
  'bitbucket/app-password': [() => `ATBB${word(32)}`],
  'postman/api-key': [() => `PMAK-${hex(24)}-${hex(34)}`],
  'airtable/token': [
    () => `AIRTABLE_TOKEN=pat${word(14)}.${hex(64)}`,
    () => `pat${word(14)}.${hex(64)}`,
  ],
  '1password/secret-key': [
    () => `A3-${upper(6)}-${upper(11)}-${upper(5)}-${upper(5)}-${upper(5)}`,
    () => `A3-${upper(6)}-${upper(6)}-${upper(5)}-${upper(5)}-${upper(5)}-${upper(5)}`,
  ],
  'mollie/live-key': [() => `MOLLIE_KEY=live_${word(30)}`],
  'square/access-token': [() => `sq0atp-${url(22)}`, () => `sq0csp-${url(43)}`],
  'braintree/access-token': [() => `access_token$production$${low36(16)}$${hex(32)}`],
  'brevo/api-key': [() => `xkeysib-${hex(64)}-${word(16)}`],
  'mailchimp/api-key': [() => `MAILCHIMP_API_KEY=${hex(32)}-us${1 + randomInt(21)}`],
  'shippo/live-token': [() => `shippo_live_${hex(40)}`],
  ...OF_VENDORS,
  ...BY_NAME,
};
