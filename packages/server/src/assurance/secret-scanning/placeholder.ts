/** Words that stand where a secret would, in samples and documentation. */
const WORDS =
  /example|sample|placeholder|dummy|changeme|change[_-]me|redacted|replace|insert|your[_-]|[_-]your|my[_-]?(?:token|secret|key|password)|(?:token|secret|key|password)[_-]?here|xxxx|\*{3,}|\.{3}|foobar|lorem|not[_-]?a?[_-]?real|fake[_-]|<[^>]+>|\$\{|\{\{|%[a-z]\b/i;
/** In a long text of base64 the shorter ones come about by chance: `xxxx` once in 700 keys of RSA. */
const LONG = 200;
const WORDS_IN_LONG =
  /placeholder|changeme|change[_-]me|redacted|your[_-]|[_-]your|(?:token|secret|key|password)[_-]here|x{8,}|\*{3,}|\.{3}|not[_-]a?[_-]?real|fake[_-]|<[^>]+>|\$\{|\{\{/i;
/** A variable of a shell. */
const VARIABLE = /\$[A-Z_]{3,}/;
/** Passwords that programs come with, or that a tutorial sets. */
const COMMON = new Set(
  'password passwd pass pwd secret test testing admin root guest user username demo changeit postgres mysql mongo redis rabbitmq bitnami hunter2 letmein qwerty 123456 12345678 1234 example token key'.split(
    ' ',
  ),
);
/** The sample of jwt.io and of half of the documentation of JWT libraries. */
const SAMPLE_TOKENS = ['eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpvh'.slice(0, 38), 'IkpvaG4gRG9l'];
/** Those of documentation, Stripe's own first, which work for everybody; in two pieces, not to be found here. */
const SAMPLE_KEYS = new Set(
  ['4eC39HqLyjWDarjtT1zdp7dc', 'BQokikJOvBiI2HlWgH4olfQ2', 'tR3PYbcVNZZ796tH88S4VQ2u']
    .map((rest) => `${'sk_'}test_${rest}`)
    // Cloudflare's, in every page of its reference.
    .concat(`${'Sn3lZJTBX6kkg7OdcBUAx'}OO963GEIyGQqnFTOFYY`),
);
const SLACK_TOKEN_MIN = 24;
const ALPHABETS = ['abcdefghijklmnopqrstuvwxyz', '0123456789', '9876543210', 'qwertyuiop'];
const RUN_MIN = 8;
const REPEATED_MIN = 12;
/** Bits a character, over what varies; random hexadecimal of 32 digits has above 3. */
const ENTROPY_MIN = 2.4;

/**
 * What only holds the place of a secret is no finding: a report that is half noise is not read. Asked
 * of what was found already; a doubt keeps it.
 */
export function isPlaceholder(rule: string, secret: string): boolean {
  const words = secret.length > LONG ? WORDS_IN_LONG : WORDS;
  // The user may be an address at some example.
  const own = rule.startsWith('connection-url/') ? secret.replace(/^[^:]*:[^:]*:/, '') : secret;
  if (words.test(own) || VARIABLE.test(own)) return true;
  if (SAMPLE_KEYS.has(secret)) return true;
  // `GHSA-xoxo-1234-xoxo` begins like a token of Slack, and ends too soon.
  if (rule === 'slack/slack-token' && secret.length < SLACK_TOKEN_MIN) return true;
  if (rule === 'docker/registry-auth') {
    return isCommonPassword(`docker://${Buffer.from(secret, 'base64')}@x`) || isRepetitive(secret);
  }
  if (/^(?:basicauth|database-connection-string|connection-url)/.test(rule))
    return isCommonPassword(secret);
  if (rule === 'private-key/pem') return isRepetitive(bodyOf(secret));
  if (rule === 'jwt/signed-token') return isSampleToken(secret);
  return isRepetitive(secret) || hasRun(secret);
}

/** Of `scheme://user:password@host`. */
function isCommonPassword(url: string): boolean {
  const [, user = '', password = ''] = /^[a-z+0-9]+:\/\/([^:@/]*):([^@]*)@/i.exec(url) ?? [];
  const plain = password.toLowerCase();
  return (
    plain === '' || COMMON.has(plain) || plain === user.toLowerCase() || /^(.)\1*$/.test(plain)
  );
}

function isSampleToken(token: string): boolean {
  const [, claims = '', signature = ''] = token.split('.');
  return SAMPLE_TOKENS.some((sample) => claims.includes(sample)) || isRepetitive(signature);
}

function bodyOf(pem: string): string {
  return pem.slice(pem.indexOf('-----') + 5).replace(/[^A-Za-z0-9+/]/g, '');
}

/** Few different characters, or one piece again and again. */
function isRepetitive(text: string): boolean {
  const varying = text.slice(-32);
  if (varying.length < 12) return false;
  // Four equal digits in a row come about by chance; a dozen do not.
  const repeated = /(.{1,6})\1{3,}/.exec(varying)?.[0].length ?? 0;
  return entropyOf(varying) < ENTROPY_MIN || repeated >= REPEATED_MIN;
}

function hasRun(text: string): boolean {
  const lower = text.toLowerCase();
  return ALPHABETS.some((alphabet) => {
    for (let at = 0; at + RUN_MIN <= alphabet.length; at++) {
      if (lower.includes(alphabet.slice(at, at + RUN_MIN))) return true;
    }
    return false;
  });
}

function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
