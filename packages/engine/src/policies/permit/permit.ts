import * as crypto from 'node:crypto';
import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import {
  compareDecimals,
  decimalOf,
  ExactNumber,
  type JsonBounds,
  type JsonValue,
  readDecimal,
  readJson,
} from '@poorter/openapi/json';
import { type ChallengeOptions, scopesOfTokens, stepUpChallenge } from '../../challenges.ts';
import type { RequestFacts } from '../../facts.ts';
import type { IdentifiedPrincipal, IdentityPorts } from '../../identity.ts';
import { type Deny, deny } from '../../policy.ts';
import type { PermitConfig } from './permit-config.ts';

export interface PermitPorts extends ChallengeOptions {
  readonly security: readonly SecurityRequirement[];
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  readonly jsonBounds: JsonBounds;
  readonly showProof: IdentityPorts['showProof'];
  readonly shownSinceMs: IdentityPorts['shownSinceMs'];
}

export type EvaluatePermit = (
  request: Pick<RequestFacts, 'nowMs'>,
  principal: IdentifiedPrincipal | null,
  /** As it goes on to the service; null: nobody has read it. */
  body: Uint8Array | null,
) => Deny | null | Promise<Deny | null>;

/** RTS (EU) 2018/389 art. 4(3)(b). */
const APPROVAL_LIFE_MS = 300_000;
const DETAILS_MAX = 20;

/** As our own authorization server writes it into what somebody approved. */
interface Approval {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

type Reason =
  | ('not-approved' | 'another-approved' | 'approval-ahead' | 'approval-too-old')
  | ('approval-before-start' | 'approval-used' | 'approvals-not-remembered' | 'body-unread');

/**
 * Does the call do just what its person approved? What is compared are the bytes that go on to the service. Null:
 * the operation asks for no approval.
 */
export function compilePermit(
  config: PermitConfig | undefined,
  { security, schemes, jsonBounds, showProof, shownSinceMs, ...options }: PermitPorts,
): EvaluatePermit | null {
  if (config === undefined || config === 'off') return null;
  const { type } = config;
  const pairs = Object.entries(config.match).map(([detail, body]) => [
    tokensOf(detail),
    tokensOf(body),
  ]) as [string[], string[]][];
  const scopes = scopesOfTokens(security, schemes);
  const refuse = (principal: IdentifiedPrincipal | null, reason: Reason) =>
    deny(
      'insufficient_user_authentication',
      { reason, type },
      {
        answerHeaders: [
          'www-authenticate',
          stepUpChallenge(principal, { ...options, scopes }, {}, DESCRIPTIONS[reason]),
        ],
      },
    );
  return ({ nowMs }, principal, body) => {
    const details = (principal?.details ?? [])
      .slice(0, DETAILS_MAX)
      .filter((one) => one['type'] === type && isApproval(one['approval']));
    if (details.length === 0) return refuse(principal, 'not-approved');
    if (body === null) return refuse(principal, 'body-unread');
    const reading = readJson(body, jsonBounds);
    if (!reading.ok) return refuse(principal, 'body-unread');
    const meant = details.find((one) =>
      pairs.every(([detail, member]) =>
        isSame(at(one as JsonValue, detail), at(reading.value, member)),
      ),
    );
    if (meant === undefined) return refuse(principal, 'another-approved');
    const { id, at: seconds } = meant['approval'] as unknown as Approval;
    const reason = momentFault(seconds, nowMs, principal?.signIn?.clockSkewSeconds ?? 0);
    if (reason !== null) return refuse(principal, reason);
    // What was used before this process began is not known to it.
    if (!(seconds * 1000 >= (shownSinceMs ?? 0))) return refuse(principal, 'approval-before-start');
    if (showProof === undefined) return refuse(principal, 'approvals-not-remembered');
    const name = crypto.hash('sha256', `approval ${principal?.issuer ?? ''} ${id}`, 'buffer');
    const shown = showProof(name, (seconds + MEMORY_SECONDS) * 1000 + APPROVAL_LIFE_MS);
    const judge = (found: 'first' | 'again' | 'full') => {
      if (found === 'first') return null;
      return refuse(principal, found === 'again' ? 'approval-used' : 'approvals-not-remembered');
    };
    return shown instanceof Promise ? shown.then(judge) : judge(shown);
  };
}

/** Beyond its end, whatever clocks say. */
const MEMORY_SECONDS = 600;

const DESCRIPTIONS: Readonly<Record<Reason, string>> = {
  'not-approved': 'This needs an approval of its person that names it in detail',
  'another-approved': 'Something else was approved',
  'approval-ahead': 'The approval is not of now',
  'approval-too-old': 'The approval is over',
  'approval-before-start': 'The approval is over',
  'approval-used': 'The approval was used',
  'approvals-not-remembered': 'No approval can be accepted now',
  'body-unread': 'What is asked for could not be compared with what was approved',
};

/** Asks for the allowed side, so that a NaN refuses. */
function momentFault(seconds: number, nowMs: number, skewSeconds: number): Reason | null {
  if (!(seconds * 1000 <= nowMs + skewSeconds * 1000)) return 'approval-ahead';
  return nowMs <= seconds * 1000 + APPROVAL_LIFE_MS ? null : 'approval-too-old';
}

function isApproval(value: unknown): value is Approval {
  const { id, at: seconds } = (value ?? {}) as Partial<Approval>;
  return typeof id === 'string' && id !== '' && id.length <= 200 && Number.isSafeInteger(seconds);
}

/** Undefined: nothing stands there. */
function at(value: JsonValue, tokens: readonly string[]): JsonValue | undefined {
  let here: JsonValue | undefined = value;
  for (const token of tokens) {
    if (typeof here !== 'object' || here === null || here instanceof ExactNumber) return undefined;
    if (Array.isArray(here)) {
      here = /^(?:0|[1-9]\d{0,8})$/.test(token) ? here[Number(token)] : undefined;
    } else {
      here = Object.hasOwn(here, token) ? here[token] : undefined;
    }
  }
  return here;
}

/**
 * Texts are the same to the letter. An amount may be a number in the body, and is a text in what was approved: then it
 * is the value that counts, to the last digit. What stands in neither is the same; what is no single value is never.
 */
function isSame(approved: JsonValue | undefined, sent: JsonValue | undefined): boolean {
  if (approved === undefined || sent === undefined) return approved === sent;
  if (isNumber(approved) || isNumber(sent)) {
    const [one, other] = [decimalIn(approved), decimalIn(sent)];
    return one !== undefined && other !== undefined && compareDecimals(one, other) === 0;
  }
  return approved === sent && typeof approved !== 'object';
}

const DECIMAL = /^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?$/;

function isNumber(value: JsonValue): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}

function decimalIn(value: JsonValue) {
  if (isNumber(value)) return decimalOf(value);
  return typeof value === 'string' && DECIMAL.test(value) ? readDecimal(value) : undefined;
}

function tokensOf(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
