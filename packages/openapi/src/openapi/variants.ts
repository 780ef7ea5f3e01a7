import type { HeaderFields } from '../header-fields/header-fields.ts';
import type { JsonBounds } from '../json/index.ts';
import type { PatternWork } from '../json-schema/index.ts';
import type {
  AnswerCheck,
  AnswerExpectation,
  ApiOperation,
  BodyCheck,
  BodyExpectation,
  MessageViolation,
  RequestParts,
} from './types.ts';

type Checks = Omit<ApiOperation, 'compiled' | 'documentsUpgrade' | 'documentedHeaders'>;

/**
 * Several descriptions of one method on one path, told apart by a fragment that no caller sends: a
 * call must fit one of them whole, and its answer any.
 */
export class VariantChecks implements Checks {
  readonly #variants: readonly Checks[];
  /** Those that the parameters of a call fit; its body must fit one of the same. */
  readonly #fitting = new WeakMap<HeaderFields, readonly Checks[]>();

  constructor(variants: readonly Checks[]) {
    this.#variants = variants;
  }

  get streamingAnswers(): readonly string[] {
    return this.#variants.flatMap((variant) => variant.streamingAnswers);
  }

  get validatesAnswers(): boolean {
    return this.#variants.some((variant) => variant.validatesAnswers);
  }

  checkParameters(parts: RequestParts): readonly MessageViolation[] {
    const found = this.#variants.map((variant) => variant.checkParameters(parts));
    const fitting = this.#variants.filter((_, index) => isPassed(found[index]!));
    this.#fitting.set(parts.headers, fitting);
    if (fitting.length > 0) return found.find(isPassed)!;
    return found.reduce((least, next) => (next.length < least.length ? next : least));
  }

  expectBody(headers: HeaderFields, hasBody: boolean): BodyExpectation {
    const found = this.#open(headers).map((variant) => variant.expectBody(headers, hasBody));
    // What one of them reads is read: the others then say whether it fits them, too.
    for (const kind of ['validate', 'stream', 'none'] as const) {
      const expected = found.find((expectation) => expectation.kind === kind);
      if (expected !== undefined && (kind !== 'none' || !hasBody)) return expected;
    }
    const refusals = found.filter((expectation) => expectation.kind === 'unsupported');
    const [first] = refusals;
    if (first === undefined) return { kind: 'none' };
    return { ...first, accepted: [...new Set(refusals.flatMap(({ accepted }) => accepted))] };
  }

  checkBody(
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    patternWork?: PatternWork,
  ): BodyCheck {
    const checks = this.#open(headers).map((variant) =>
      variant.checkBody(headers, bytes, bounds, patternWork),
    );
    return checks.find(({ violations }) => isPassed(violations)) ?? checks[0]!;
  }

  expectAnswer(status: number, headers: HeaderFields): AnswerExpectation {
    const found = this.#variants.map((variant) => variant.expectAnswer(status, headers));
    return (
      found.find(({ kind }) => kind === 'validate') ??
      found.find(({ kind }) => kind === 'opaque') ??
      found[0]!
    );
  }

  checkAnswer(
    status: number,
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    options: { readonly findUndocumented: boolean },
  ): AnswerCheck {
    const checks = this.#variants.map((variant) =>
      variant.checkAnswer(status, headers, bytes, bounds, options),
    );
    const valid = checks.filter(({ violations }) => isPassed(violations));
    const telling = valid.length > 0 ? valid : checks;
    return telling.reduce((least, next) =>
      next.undocumented.length < least.undocumented.length ? next : least,
    );
  }

  #open(headers: HeaderFields): readonly Checks[] {
    const fitting = this.#fitting.get(headers);
    // In observe mode, a call goes on although its parameters fit none.
    return fitting === undefined || fitting.length === 0 ? this.#variants : fitting;
  }
}

const isPassed = (violations: readonly MessageViolation[]): boolean =>
  violations.every(({ isRemark }) => isRemark);
