import { SERVICE_RULES } from './service-rules.ts';

/**
 * What every match of a rule must contain, and how many bytes the match can take before and after it.
 * The search for anchors is the only work done on most of the bytes; a test generates matches of every
 * pattern of every rule and compares with a run of the rules over the whole text.
 */
export interface Anchor {
  readonly text: string;
  /** In upper and lower case. */
  readonly anyCase?: true;
  readonly rules: readonly string[];
  readonly before: number;
  readonly after: number;
  /** Most URLs carry no credential; those that do are few enough for the rules. */
  readonly isCredentialUrl?: true;
}

/** Room for what stands beside a match and decides whether it is one. */
const BESIDE = 16;

const tokens = (rule: string, lengthMax: number, texts: readonly string[]): Anchor[] =>
  texts.map((text) => ({ text, rules: [rule], before: BESIDE, after: lengthMax + BESIDE }));

const schemes = (texts: readonly string[]): Anchor[] =>
  texts.map((text) => ({
    text: `${text}://`,
    anyCase: true,
    rules: ['basicauth', 'database-connection-string'],
    before: BESIDE,
    // User, password, host, database and options of a connection string, all in four-byte characters.
    after: 4_200,
    isCredentialUrl: true,
  }));

/** Bytes in which a user and a password of a connection string have ended. */
export const CREDENTIAL_BYTES_MAX = 1_300;

export const ANCHORS: readonly Anchor[] = [
  // The last letters of http, ftp, https, ftps, postgres, mongodb, mongodb+srv, mysql, postgresql, mysqlx.
  ...schemes(['p', 's', 'b', 'v', 'l', 'x']),
  ...['t_access', 'taccess'].map(
    (text): Anchor => ({ text, anyCase: true, rules: ['aws'], before: 32, after: 1_024 }),
  ),
  ...tokens('npm', 40, ['npm_']),
  // A token in a URL: up to 256 characters stand before.
  { text: 'x-oauth-basic@', rules: ['npm'], before: 1_100, after: 32 },
  { text: '_authToken=', rules: ['npm'], before: BESIDE, after: 4_096 },
  // A Slack token has no length; a longer one is reported cut.
  ...tokens('slack', 4_096, ['xoxb-', 'xoxp-', 'xapp-', 'xoxa-', 'xoxo-', 'xoxr-']),
  { text: 'hooks.slack', anyCase: true, rules: ['slack'], before: BESIDE, after: 192 },
  ...tokens('sendgrid', 400, ['SG.']),
  ...tokens('shopify', 80, ['shppa_', 'shpca_', 'shpat_', 'shpss_']),
  ...tokens('stripe', 128, ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_']),
  ...tokens('github', 128, ['ghp_', 'gho_', 'ghu_', 'ghr_', 'github_pat_']),
  ...tokens('github', 12_100, ['ghs_']),
  ...tokens('gitlab', 144, ['glpat-']),
  ...tokens('grafana', 420, ['glc_', 'glsa_']),
  { text: 'T3BlbkFJ', rules: ['openai'], before: 110, after: 110 },
  ...tokens('anthropic', 160, ['sk-ant-api0']),
  ...tokens('groq', 64, ['gsk_']),
  ...tokens('huggingface', 48, ['hf_']),
  ...tokens('linear', 144, ['lin_api_']),
  ...tokens('notion', 64, ['ntn_']),
  ...tokens('1password', 1_320, ['ops_ey']),
  ...tokens('hashicorp-vault', 320, ['hvs.', 'hvb.', 'hvr.']),
  ...tokens('vercel', 72, ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_']),
  ...tokens('databricks', 48, ['dapi']),
  ...tokens('docker', 48, ['dckr_pat_']),
  ...tokens('figma', 216, ['figd_']),
  ...tokens('cloudflare', 64, ['cfk_', 'cfut_', 'cfat_']),
  ...tokens('tailscale', 144, ['tskey-']),
];

/** A service account's file counts as a whole, so it has no window. */
export const WHOLE_FILE_ANCHOR = { text: 'private_key_id', rule: 'gcp' } as const;

/** A key of our own: found by these letters, told from look-alikes by its checksum. */
export const OWN_KEY = { text: 'poorter_', length: 57 } as const;

const ALL = [...ANCHORS, ...SERVICE_RULES];
export const BEFORE_MAX = Math.max(...ALL.map(({ before }) => before));
export const AFTER_MAX = Math.max(...ALL.map(({ after }) => after)) + BESIDE;
