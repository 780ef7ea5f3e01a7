import type { DECISIONS } from '../../security-log/index.ts';
import type { Given } from '../definition/define-command.ts';
import { isoTime, wholeNumber } from '../definition/value-readers.ts';
import { JSON_OPTION } from './shared-options.ts';

const PAGE_MAX = 10_000;
const OPEN_MAX = 100_000;

/** The domain's own are loaded with all of it. */
const KNOWN_DECISIONS = [
  'forwarded',
  'allowed',
  'refused',
  'failed',
  'answered',
] as const satisfies typeof DECISIONS;

/** Whose log. */
export const LOG_OPTIONS = {
  data: {
    value: 'DIR',
    path: 'directory',
    says: 'data directory',
    otherwise: 'POORTER_DATA, or ./poorter-data',
  },
  config: {
    value: 'FILE',
    path: 'file',
    says: 'poorter.yaml, where storage or masterKey stand in it',
  },
  node: { value: 'NAME', says: 'whose log', otherwise: 'the only one' },
  ...JSON_OPTION,
} as const;

export type LogGiven = Given<typeof LOG_OPTIONS>;

const NAMES_OPTION = { names: { says: 'open who called; needs the master key' } } as const;

const KEY_OPTION = {
  key: {
    value: 'KEY',
    path: 'file',
    says: 'public key, or a file with it',
    otherwise: 'log-public-key in the data directory',
  },
} as const;

export const READ_OPTIONS = { ...LOG_OPTIONS, ...NAMES_OPTION } as const;
export const PROVE_OPTIONS = { ...LOG_OPTIONS, ...KEY_OPTION } as const;

const TIME_OPTIONS = {
  from: { value: 'TIME', read: isoTime, says: 'not before this ISO date or time' },
  to: { value: 'TIME', read: isoTime, says: 'not after it' },
} as const;

export const TAIL_OPTIONS = {
  count: {
    value: 'N',
    read: wholeNumber(0, PAGE_MAX),
    default: '20',
    says: 'so many of the last records',
  },
  follow: { says: 'go on with those that come' },
  ...READ_OPTIONS,
} as const;

export const SEARCH_OPTIONS = {
  ...TIME_OPTIONS,
  client: { value: 'CLIENT', says: 'of this client' },
  subject: { value: 'SUBJECT', says: 'of this person' },
  address: { value: 'ADDRESS', says: 'from this address' },
  credential: { value: 'KEY', says: 'with this key' },
  api: { value: 'API', says: 'of this API' },
  operation: { value: 'OPERATION', says: 'of this operation, such as GET /things' },
  decision: { value: 'DECISION', oneOf: KNOWN_DECISIONS, says: 'decided so' },
  code: { value: 'CODE', says: 'with this problem, see docs/reference/problems.md' },
  type: {
    value: 'TYPE',
    oneOf: ['call', 'intent', 'outcome', 'gap', 'retention'],
    says: 'of this type',
  },
  object: { value: 'PSEUDONYM|PARAMETER=VALUE', says: 'that touched this object' },
  reported: {
    says: 'calls of which more is told than the decision: what differed in the answer, and what was let pass in the request',
  },
  before: { value: 'INDEX', read: wholeNumber(0), says: 'only older records than this one' },
  limit: {
    value: 'N',
    read: wholeNumber(1, PAGE_MAX),
    default: '100',
    says: 'at most so many',
  },
  ...READ_OPTIONS,
} as const;

export const OPEN_OPTIONS = {
  ...TIME_OPTIONS,
  limit: {
    value: 'N',
    read: wholeNumber(1, OPEN_MAX),
    default: '1000',
    says: 'at most so many',
  },
  ...READ_OPTIONS,
} as const;

export const VERIFY_OPTIONS = {
  since: { value: 'CHECKPOINT', path: 'file', says: 'and that it grew from this one' },
  remember: { value: 'FILE', path: 'file', says: 'write the newest checkpoint, when all is good' },
  ...PROVE_OPTIONS,
  config: { ...LOG_OPTIONS.config, excludes: ['file'] },
  node: { ...LOG_OPTIONS.node, excludes: ['file'] },
} as const;

export const EXPORT_OPTIONS = {
  to: { value: 'TARGET', path: 'file', isRequired: true, says: 'a file, or a syslog server' },
  format: {
    value: 'FORM',
    oneOf: ['poorter', 'ocsf', 'ecs', 'cef'],
    says: 'of what is written',
    otherwise: 'poorter; cef to a syslog server',
  },
  cursor: {
    value: 'FILE',
    path: 'file',
    says: 'where it goes on the next time',
    otherwise: 'TARGET.cursor beside a file',
  },
  ca: { value: 'FILE', path: 'file', says: 'authorities of a syslog server at tls://' },
  follow: { says: 'go on with records that come' },
  ...READ_OPTIONS,
  ...KEY_OPTION,
} as const;

export const INDEX_ARGUMENT = {
  index: { value: 'INDEX', read: wholeNumber(0), says: 'of the record' },
} as const;

export const RECORD_ARGUMENT = {
  record: {
    value: 'INDEX|INSTANCE',
    says: "an index, or 'instance' of a problem document (urn:poorter:call:…), or 'Poorter-Call' of an answer",
  },
} as const;

export const VERIFY_ARGUMENT = {
  file: {
    value: 'EXPORT|PROOF',
    path: 'file',
    isOptional: true,
    says: 'what is judged in place of the log of this directory',
  },
} as const;

export type TailGiven = Given<typeof TAIL_OPTIONS>;
export type SearchGiven = Given<typeof SEARCH_OPTIONS>;
export type OpenGiven = Given<typeof OPEN_OPTIONS>;
export type ShowGiven = Given<typeof READ_OPTIONS, typeof RECORD_ARGUMENT>;
export type ProveGiven = Given<typeof PROVE_OPTIONS, typeof INDEX_ARGUMENT>;
export type VerifyGiven = Given<typeof VERIFY_OPTIONS, typeof VERIFY_ARGUMENT>;
export type ExportGiven = Given<typeof EXPORT_OPTIONS>;
