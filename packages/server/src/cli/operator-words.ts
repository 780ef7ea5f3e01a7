import type { ProblemCode } from '@poorter/engine';
import type { AdminProblemCode } from '../messages/admin-problems.ts';

export interface OperatorWords {
  /** Where that of the problem speaks of an API to whoever calls it. */
  readonly title?: string;
  /** '': what is said besides the title says it already. */
  readonly remedy: string;
}

/** What a problem has besides its code, as far as an operator does something with it. */
export interface ProblemFacts {
  /** Of `Retry-After`; null: it said none. */
  readonly waitSeconds: number | null;
  /** Of the call in the log. */
  readonly instance: string | null;
}

const NAMED = 'text that neither begins nor ends with a blank, on one line';
/** Patterns of the contract, as the server says them, and what they ask for. */
const PATTERNS: Readonly<Record<string, string>> = {
  '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$':
    'one word, without blanks, quotes and backslashes; several are divided by commas',
  '^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$': NAMED,
  '^[^\\x00-\\x1f\\x7f]+$': 'text on one line',
  '^[\\x20-\\x7e]+$': 'text in ASCII, on one line',
  '^[\\x21-\\x7e]+$': 'text in ASCII, without blanks',
  '^[^\\x00-\\x20\\x7f@]+@[^\\x00-\\x20\\x7f@]+$': 'a mail address',
  '^[A-Za-z0-9_-]{1,64}$': 'an id: letters, digits, _ and -',
  '^[A-Za-z0-9._-]{1,64}$': 'a name of letters, digits, ., _ and -',
  '^[A-Za-z0-9._]{1,64}$': 'a name of letters, digits, . and _',
  '^key_[A-Za-z0-9_-]{1,60}$': 'the id of a key: key_…',
  '^https://': 'an address that begins with https://',
  '^https?://': 'an address that begins with http:// or https://',
};

/** What was expected of a value, for people who read no patterns. */
export function expectedInWords(expected: string): string {
  // Said of a pattern that has a form of its own to be matched in; in the contract, names alone.
  if (expected === 'text matching the pattern of the description') return NAMED;
  const [, pattern] = /^text matching (.+)$/s.exec(expected) ?? [];
  return pattern !== undefined && Object.hasOwn(PATTERNS, pattern)
    ? (PATTERNS[pattern] as string)
    : expected;
}

const OTHER_SERVER =
  'It may be of another version, or --url may be the address of a gateway and not that of control.';
const CREDENTIAL =
  'Set POORTER_OPERATOR_KEY to a credential that counts (`poorter operators create` makes one), or leave it out where the server runs on this machine.';

/**
 * What an operator does about a refusal. The remedies of problems are for whoever writes a program, who sees header fields and
 * members of a document; at a command line nobody does. Null: the remedy of the problem does for both.
 */
export function operatorWords(code: string | undefined, facts: ProblemFacts): OperatorWords | null {
  const known = code !== undefined && Object.hasOwn(WORDS, code) ? WORDS[code as Known] : null;
  if (known === null) return null;
  return typeof known === 'function' ? known(facts) : known;
}

const waiting =
  (title: string, more = '') =>
  ({ waitSeconds }: ProblemFacts): OperatorWords => {
    const wait = waitSeconds === null ? 'Wait a moment' : `Wait ${waitSeconds} s`;
    return { title, remedy: `${wait}, and do it again.${more}` };
  };

const WORDS = {
  // The call itself, which this program has made.
  target_not_acceptable: {
    title: 'The server does not take what was given as the name of something.',
    remedy: 'Look it up in the list.',
  },
  headers_too_large: {
    title: 'The credential is longer than the server takes.',
    remedy: 'POORTER_OPERATOR_KEY holds more than a credential.',
  },
  target_too_long: { title: 'What was given is longer than the server takes.', remedy: '' },
  body_too_large: { title: 'What was given is more than the server takes at once.', remedy: '' },
  request_invalid: { title: 'The server does not take this as it was given.', remedy: '' },
  media_type_not_supported: {
    title: 'The server does not understand this command.',
    remedy: OTHER_SERVER,
  },
  no_such_operation: {
    title: 'The server does not know what this command asks for.',
    remedy: OTHER_SERVER,
  },
  method_not_allowed: {
    title: 'The server does not know what this command asks for.',
    remedy: OTHER_SERVER,
  },
  // Who asks
  credentials_required: { title: 'The server asks for a credential.', remedy: CREDENTIAL },
  credentials_invalid: { title: 'The server does not know this credential.', remedy: CREDENTIAL },
  credentials_expired: { title: 'The credential has expired.', remedy: CREDENTIAL },
  role_required: {
    title: 'This operator has no role that may do this.',
    remedy: '`poorter operators list` shows who has which.',
  },
  too_many_failures: waiting(
    'Too many calls with a wrong credential came from this machine.',
    ' Look at POORTER_OPERATOR_KEY first.',
  ),
  // How much
  rate_limited: waiting('The server was asked too often.'),
  quota_exceeded: waiting('The server was asked too often.'),
  concurrency_exceeded: waiting(
    'The server is doing as much for this operator as it does at once.',
  ),
  overloaded: waiting('The server is at its capacity.'),
  limits_unavailable: waiting('The server cannot count at this moment how often it was asked.'),
  // What is stored
  version_conflict: {
    title: 'It was changed by somebody else in this moment.',
    remedy: 'Look at it again, and repeat the command.',
  },
  value_not_acceptable: { title: 'A value cannot be used.', remedy: '' },
  not_everywhere_yet: {
    remedy:
      'Gateways that cannot be reached stop by themselves at their staleness bound; `poorter status` shows them.',
  },
  outcome_unrecorded: {
    remedy: 'Look at what it changed; `poorter log open` shows that it was begun.',
  },
  internal_fault: ({ instance }) => ({
    title: 'The server failed while it did this.',
    remedy:
      instance === null
        ? 'Its output says more.'
        : `Its output says more, and so does \`poorter log show ${instance}\`.`,
  }),
} as const satisfies Partial<
  Record<ProblemCode | AdminProblemCode, OperatorWords | ((facts: ProblemFacts) => OperatorWords)>
>;

type Known = keyof typeof WORDS;
