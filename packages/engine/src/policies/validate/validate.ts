import type { ApiOperation, MessageViolation } from '@poorter/openapi';
import type { PatternWork } from '@poorter/openapi/checks';
import type { JsonBounds } from '@poorter/openapi/json';
import type { RequestFacts } from '../../facts.ts';
import { type Deny, deny } from '../../policy.ts';
import { invalidRequest, unsupportedMediaType } from './invalid-request.ts';

/** The body of a call, as a port: the host reads it when, and only when, the decision needs it. */
export interface BodyPort {
  /** False where the host never sees bodies (forward-auth): what needs checking is then refused. */
  readonly isVisible: boolean;
  /** The operator has declared that bodies are checked elsewhere. */
  readonly isExempt?: boolean;
  /** The whole body, or why it could not be had within the bound and in time. */
  read(bytesMax: number): Promise<Uint8Array | Deny>;
}

/** What goes on of a body: the bytes that were checked, what nobody looked at, or nothing. */
export type CheckedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'stream' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export interface ValidateTerms {
  readonly bodyBytesMax: number;
  readonly jsonBounds: JsonBounds;
  /** Names that carry credentials: known, not validated. */
  readonly credentials: { header: string[]; query: string[]; cookie: string[] };
}

export interface ValidateContext {
  /** Parameters and body spend from one account, so that a call has one bound. */
  readonly patternWork: PatternWork;
  /** Whether the operation only observes; then the denial leaves its trace, and the call goes on. */
  mayObserve(phase: 'validate', denial: Deny): boolean;
  /** Leaves the trace of what is only told, whatever the mode. */
  remark(phase: 'validate', told: Deny): void;
}

export interface EvaluateValidation {
  /** Is the connection to become a tunnel that the description does not know? */
  checkUpgrade(request: RequestFacts): Deny | null;
  checkParameters(
    request: RequestFacts,
    pathValues: readonly string[],
    context: ValidateContext,
  ): Deny | null;
  /** Immediate where no body is read, as for most calls. */
  checkBody(
    request: RequestFacts,
    body: BodyPort,
    context: ValidateContext,
  ): CheckedBody | Deny | Promise<CheckedBody | Deny>;
}

const NO_BODY: CheckedBody = Object.freeze({ kind: 'none' });
const STREAM: CheckedBody = Object.freeze({ kind: 'stream' });

/** Is this message one that the description describes? */
export function compileValidation(
  operation: ApiOperation,
  terms: ValidateTerms,
): EvaluateValidation {
  const credentialNames = terms.credentials;
  return {
    checkUpgrade: ({ isUpgrade }) =>
      isUpgrade && !operation.documentsUpgrade
        ? deny('upgrade_not_accepted', { reason: 'undocumented' })
        : null,

    checkParameters({ query, headers }, pathValues, context) {
      const { patternWork } = context;
      const parts = { pathValues, query, headers, credentialNames, patternWork };
      const found = operation.checkParameters(parts);
      if (found.length === 0 || isOnlyTold(found, context)) return null;
      const denial = invalidRequest(found);
      // Hygiene is never softened: what means two things is not forwarded even in observe.
      if (found.some(isHygiene)) return denial;
      return context.mayObserve('validate', denial) ? null : denial;
    },

    checkBody(request, body, context) {
      if (body.isExempt) return NO_BODY;
      if (!body.isVisible) {
        const expected = operation.expectBody(request.headers, true);
        if (expected.kind !== 'none') return deny('body_not_visible');
      }
      const expectation = operation.expectBody(request.headers, request.hasBody);
      switch (expectation.kind) {
        case 'stream':
          return STREAM;
        case 'none': {
          if (!request.hasBody) return NO_BODY;
          const denial = invalidRequest([NO_BODY_DESCRIBED]);
          return context.mayObserve('validate', denial) ? STREAM : denial;
        }
        case 'unsupported': {
          const { violation, accepted } = expectation;
          const denial =
            violation.rule === 'required'
              ? invalidRequest([violation])
              : unsupportedMediaType(violation, accepted);
          if (isHygiene(violation) || !context.mayObserve('validate', denial)) return denial;
          return request.hasBody ? STREAM : NO_BODY;
        }
        case 'validate':
          return readAndCheck(operation, terms, request, body, context);
        default:
          return expectation satisfies never;
      }
    },
  };
}

async function readAndCheck(
  operation: ApiOperation,
  { bodyBytesMax, jsonBounds }: ValidateTerms,
  { headers }: RequestFacts,
  body: BodyPort,
  context: ValidateContext,
): Promise<CheckedBody | Deny> {
  const bytes = await body.read(bodyBytesMax);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const { violations, cut } = operation.checkBody(headers, bytes, jsonBounds, context.patternWork);
  if (violations.length > 0 && !isOnlyTold(violations, context)) {
    const denial = invalidRequest(violations);
    if (violations.some(isHygiene) || !context.mayObserve('validate', denial)) return denial;
  }
  return { kind: 'bytes', bytes: cut ?? bytes };
}

const NO_BODY_DESCRIBED: MessageViolation = {
  ...{ in: 'body', pointer: '', rule: 'undocumented' },
  expected: 'no body: none is described for this operation',
};

/** What is only to be told leaves its trace, whatever the mode. */
function isOnlyTold(found: readonly MessageViolation[], context: ValidateContext): boolean {
  if (found.some(({ isRemark }) => !isRemark)) return false;
  context.remark('validate', invalidRequest(found));
  return true;
}

function isHygiene({ rule }: MessageViolation): boolean {
  return rule.startsWith('json-') || rule.startsWith('xml-') || rule === 'encoding';
}
