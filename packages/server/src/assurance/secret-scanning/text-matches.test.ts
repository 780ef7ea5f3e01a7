import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules as published } from '@secretlint/secretlint-rule-preset-recommend';
import fc from 'fast-check';
import { ANCHORS, WHOLE_FILE_ANCHOR } from './anchors.ts';
import { HostedRules, ruleTitles } from './rules.ts';
import { SERVICE_RULES } from './service-rules.ts';
import { TextMatcher } from './text-matches.ts';

/** Names that some rules ask for. */
const FILES = ['src/code.ts', 'package.json', '.npmrc', 'key.json'];
/** What no pattern says. */
const NOT_SAMPLED = new Set([
  // Identifiers, which the rule set does not count as secrets unless asked to.
  'aws/aws-account-id',
  'aws/aws-access-key-id',
  // A whole file, tested below.
  'gcp/private-key-json',
  // Read from the disk by the rule itself, which is not given the chance.
  'gcp/private-key-p12',
]);

const own = new Set(SERVICE_RULES.map(({ id }) => id));
const rules = new HostedRules();
const matcher = new TextMatcher();
const patterns = patternsOfRules();

test('no rule is without an anchor: none is run over everything, and none is forgotten', () => {
  const anchored = new Set([...ANCHORS.flatMap((anchor) => anchor.rules), WHOLE_FILE_ANCHOR.rule]);
  assert.deepEqual([...anchored].toSorted(), [...rules.names].toSorted());
});

test('around anchors the rules find what they find in the whole text, for every pattern', () => {
  const reported = new Set<string>();
  for (const { rule, filePath, pattern } of patterns) {
    let isReported = false;
    fc.assert(
      fc.property(samplesOf(pattern), surroundings(), surroundings(), (sample, before, after) => {
        const text = `${before}${sample}${after}`;
        const whole = wholly(text, filePath);
        for (const one of whole) {
          reported.add(one.split(' ')[0] as string);
          if (one.startsWith(`${rule}/`)) isReported = true;
        }
        assert.deepEqual(byAnchors(text, filePath), whole);
      }),
      { numRuns: 60, seed: 7 },
    );
    assert.ok(isReported || rule === 'gcp', `samples of ${rule} ${pattern.source} are reported`);
  }
  const silent = [...ruleTitles().keys()].filter((id) => !own.has(id) && !reported.has(id));
  assert.deepEqual(silent.toSorted(), [...NOT_SAMPLED].toSorted());
});

test('a service account file is found as a whole', () => {
  const pem = `-----BEGIN PRIVATE ${'KEY-----'}\\nMIIEvQ${'Ab'.repeat(200)}\\n-----END PRIVATE KEY-----`;
  const text = JSON.stringify({ private_key_id: 'x', private_key: pem });
  const found = byAnchors(text, 'key.json');
  assert.deepEqual(found, wholly(text, 'key.json'));
  assert.ok(found.some((one) => one.startsWith('gcp/private-key-json ')));
});

test('of secrets side by side none is lost, not even what the whole text hides behind a URL', () => {
  const token = fc.oneof(...patterns.map(({ pattern }) => samplesOf(pattern)));
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(token, { minLength: 2, maxLength: 5 }),
      fc.constantFrom(...FILES),
      fc.constantFrom('', ' ', '\n', '"'),
      (tokens, file, glue) => {
        const text = tokens.join(glue);
        const ours = byAnchors(text, file);
        const lost = wholly(text, file).filter((one) => !ours.includes(one));
        found += ours.length;
        assert.deepEqual(lost, []);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
  assert.ok(found > 500, `secrets were found: ${found}`);
});

interface SearchedPattern {
  readonly rule: string;
  readonly filePath: string;
  readonly pattern: RegExp;
}

/** The patterns themselves, whatever the version of the rules: a text that notes what is searched in it. */
function patternsOfRules(): SearchedPattern[] {
  const found = new Map<string, SearchedPattern>();
  for (const rule of published as unknown as readonly Searching[]) {
    const name = rule.meta.id.replace('@secretlint/secretlint-rule-', '');
    if (!rules.names.includes(name)) continue;
    for (const filePath of FILES) {
      const matchAll = (pattern: RegExp) => {
        const key = `${name} ${pattern.source}`;
        if (!found.has(key)) found.set(key, { rule: name, filePath, pattern });
        return [];
      };
      const context = { createTranslator: () => () => ({}), report: () => {}, ignore: () => {} };
      rule.create(context, {}).file({ content: { matchAll }, filePath, ext: '.ts' });
    }
  }
  return [...found.values()];
}

interface Searching {
  readonly meta: { readonly id: string };
  create(context: object, options: object): { file(text: object): unknown };
}

/** Matches of a pattern, without what it says of its surroundings; plain letters where it takes any. */
function samplesOf(pattern: RegExp): fc.Arbitrary<string> {
  const source = pattern.source
    .replace(/\(\?<?!(\\p\{L\}|\[[^\]]*\]|\\w)\)/g, '')
    .replace(/\\b/g, '')
    .replace(/\[\^[^\]]*\]/g, '[a-z0-9.]')
    .replace(/\.(?=[*{])/g, '[a-z0-9]')
    .replace(/\(\?<\w+>/g, '(?:')
    .replace(/\\s/g, '[ \\n]')
    .replace(/\[A-Za-z0-9\+\/=\[ \\n\]\\\\\]/g, '[A-Za-z0-9+/]')
    .replace(/(PRIVATE KEY\(\?: BLOCK\)\?-----\\n\?\()/g, '$1MII')
    .replace('[a-z]{2,20}', '(?:api|auth|client|scim|webhook|other)')
    // What these two rules ask beyond their patterns: a length, and JSON inside.
    .replace(/^SG.*$/, 'SG\\.\\w{22}\\.\\w{43}')
    .replace(/ops_\(ey[^)]*\)/g, () => `(?:${onePasswordToken()})`);
  const flags = pattern.flags.replace(/[gi]/g, '');
  const sample = fc.stringMatching(new RegExp(`^(?:${source})$`, flags), { size: '+1' });
  return fc
    .tuple(sample, pattern.ignoreCase ? fc.boolean() : fc.constant(false))
    .map(([text, isLoud]) => (isLoud ? text.toUpperCase() : text));
}

function onePasswordToken(): string {
  const json = JSON.stringify({ email: 'a@b', key: 'x'.repeat(90), iv: {} });
  const padded = json.padEnd(Math.ceil(json.length / 3) * 3, ' ').replace(/ +$/, '');
  let body = Buffer.from(padded).toString('base64');
  for (let more = 1; !/fQ={0,2}$/.test(body); more++) {
    body = Buffer.from(JSON.stringify({ key: 'x'.repeat(90 + more) })).toString('base64');
  }
  return `ops_${body.replace(/\+/g, '\\+')}`;
}

function surroundings(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    'x',
    'é',
    '😀',
    '\n',
    ' ',
    '"',
    '=',
    'SG.',
    '://',
    'ghs_',
    '-',
    '字',
  );
  const short = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  return fc.oneof(
    short,
    short.map((text) => `${text}${' filler;\n'.repeat(2_000)}${text}`),
  );
}

function wholly(content: string, filePath: string): string[] {
  const ext = filePath.endsWith('.json') ? '.json' : '.ts';
  const all = rules.names.flatMap((name) => rules.run(name, { content, filePath, ext }));
  return [
    ...new Set(
      all.map(
        ({ rule, start, secret }) =>
          `${rule} ${Buffer.byteLength(content.slice(0, start))} ${secret}`,
      ),
    ),
  ].toSorted();
}

function byAnchors(text: string, filePath: string): string[] {
  const bytes = Buffer.from(text);
  const ext = filePath.endsWith('.json') ? '.json' : '.ts';
  const part = {
    bytes,
    end: bytes.length,
    anchorsFrom: 0,
    anchorsUntil: bytes.length,
    isWhole: true,
  };
  return (
    matcher
      .matches({ ...part, filePath, ext })
      // Ours are measured in service-rules.test.ts.
      .filter(({ rule }) => !own.has(rule))
      .map(({ rule, start, secret }) => `${rule} ${start} ${secret}`)
      .toSorted()
  );
}
