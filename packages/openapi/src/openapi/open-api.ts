import type { HeaderFields } from '../header-fields/header-fields.ts';
import type { JsonBounds } from '../json/index.ts';
import { linkSchemas } from '../json-schema/link.ts';
import { onAccountOf, PatternWork } from '../json-schema/patterns/work.ts';
import type { Direction, Validator } from '../json-schema/types.ts';
import { askTheSame, CrossingPaths, pathKey } from './crossing-paths.ts';
import { ParameterCheck } from './decode/check-parameters.ts';
import { fixesMore } from './fixed-parts.ts';
import { AnswerChecks } from './message/check-answer.ts';
import { RequestBodyCheck } from './message/check-body.ts';
import { loadYamlReader, yamlReader } from './message/yaml-reader.ts';
import { PackedOperation, ROUTES_A_SECTION } from './packed-api.ts';
import { describesSemicolons, hasSemicolon } from './path-parameters.ts';
import type { OperationPlan, SegmentPlan } from './plan.ts';
import { Router } from './router.ts';
import type {
  AnswerCheck,
  AnswerExpectation,
  Api,
  ApiOperation,
  BodyCheck,
  BodyExpectation,
  CompiledApi,
  CompiledOperation,
  MessageViolation,
  RequestParts,
} from './types.ts';
import { VariantChecks } from './variants.ts';

interface Linked {
  validator(address: string, direction: Direction): Validator;
}

/** A description that a later snapshot still has is not opened again: its validators stay warm. */
const opened = new WeakMap<CompiledApi, Api>();

/**
 * A compiled description, ready for calls. Only the router is built now; operations wait for theirs. Bodies of YAML are
 * refused until their reader has been loaded, where nothing has loaded it before: `openApiInSteps` waits for it.
 */
export function openApi(compiled: CompiledApi): Api {
  const known = opened.get(compiled);
  if (known !== undefined) return known;
  if (compiled.readsYaml) yamlReader();
  const steps = opening(compiled);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same in short stretches: `rest` is awaited between them, and calls go on. */
export async function openApiInSteps(
  compiled: CompiledApi,
  rest: () => Promise<unknown>,
): Promise<void> {
  if (compiled.readsYaml) await loadYamlReader();
  if (opened.has(compiled)) return;
  for (const _ of opening(compiled)) await rest();
}

function* opening(compiled: CompiledApi): Generator<undefined, Api> {
  const linked = linkSchemas(compiled.schemas);
  const operations = compiled.operations.map((operation) => new Operation(operation, linked));
  const router = new Router();
  for (const [index, operation] of compiled.operations.entries()) {
    if (index % ROUTES_A_SECTION === 0) yield;
    router.add(operation.method, templateOf(operation), index);
  }
  const api = assemble(compiled, operations, router);
  opened.set(compiled, api);
  return api;
}

function templateOf(operation: CompiledOperation): Template {
  if (operation instanceof PackedOperation) return operation.template;
  return (operation.plan as OperationPlan).template;
}

type Template = readonly SegmentPlan[];

function assemble(compiled: CompiledApi, operations: readonly Operation[], router: Router): Api {
  /** By the base path of the service. */
  const rivals = new Map<string, Rivals>();
  return {
    compiled,
    operations,
    match(method, path) {
      const routed = router.find(method, path);
      if (routed.kind === 'two-readings') return { kind: 'two-readings', reason: 'encoding' };
      if (routed.kind !== 'found') return routed;
      const { values, rewritten } = routed;
      const operation = operations[routed.operation] as Operation;
      if (hasSemicolon(path)) {
        const plan = operation.compiled.plan as OperationPlan;
        if (!describesSemicolons(plan, values)) {
          return { kind: 'two-readings', reason: 'semicolon' };
        }
      }
      if (rivalsAt('').areCrossed(method, path, operation.compiled)) {
        return { kind: 'two-readings', reason: 'overlap' };
      }
      return { kind: 'operation', operation, pathValues: values, rewritten };
    },
    mayBeMeant(method, path, taken, bases = ONE_BASE) {
      return rivalsAt(bases.own).mayBeMeant(method, path, taken, bases.taken);
    },
  };

  function rivalsAt(base: string): Rivals {
    let known = rivals.get(base);
    if (known === undefined) {
      const templates = compiled.operations.map((operation) => under(base, templateOf(operation)));
      const own = base === '' ? router : routerOf(compiled.operations, templates);
      known = new Rivals(compiled.operations, templates, own);
      rivals.set(base, known);
    }
    return known;
  }
}

const ONE_BASE = { own: '', taken: '' };

/** What calls might mean besides, among the operations of one description, as its service has their paths. */
class Rivals {
  readonly #templates: readonly Template[];
  readonly #router: Router;
  readonly #crossing: CrossingPaths;

  constructor(
    operations: readonly CompiledOperation[],
    templates: readonly Template[],
    router: Router,
  ) {
    this.#templates = templates;
    this.#router = router;
    this.#crossing = new CrossingPaths(operations, templates);
  }

  areCrossed(method: string, path: string, operation: CompiledOperation): boolean {
    return this.#crossing.isCrossed(method, path, operation, () => ({
      operation,
      template: templateOf(operation),
      isSettled: (rival) => askTheSame(operation, rival),
    }));
  }

  mayBeMeant(
    method: string,
    path: string,
    { operation, description }: Parameters<Api['mayBeMeant']>[2],
    base: string,
  ): boolean {
    const template = under(base, templateOf(operation));
    for (const index of this.#router.likened(method, base + path)) {
      if (fixesMore(this.#templates[index] as Template, template)) return true;
    }
    return this.#crossing.isCrossed(method, base + path, operation, () => ({
      operation,
      template,
      // Its own description has the path too, and so it was asked there.
      isSettled: (rival, key) =>
        description.operations.some(
          (own) => own.method === rival.method && pathKey(under(base, templateOf(own))) === key,
        ),
    }));
  }
}

function routerOf(
  operations: readonly CompiledOperation[],
  templates: readonly Template[],
): Router {
  const router = new Router();
  for (const [index, { method }] of operations.entries()) {
    router.add(method, templates[index] as Template, index);
  }
  return router;
}

/** `base` is canonical, and has no slash at its end. */
function under(base: string, template: Template): Template {
  if (base === '') return template;
  const [, ...segments] = base.split('/');
  return [...segments.map((literal) => ({ literal })), ...template];
}

class Operation implements ApiOperation {
  readonly compiled: CompiledOperation;
  readonly #linked: Linked;
  readonly #given: OperationPlan | undefined;
  #variants: VariantChecks | null | undefined;
  #parameters: ParameterCheck | undefined;
  #body: RequestBodyCheck | undefined;
  #answers: AnswerChecks | undefined;

  constructor(compiled: CompiledOperation, linked: Linked, plan?: OperationPlan) {
    this.compiled = compiled;
    this.#linked = linked;
    this.#given = plan;
  }

  /** Where several descriptions share the method and path; null almost everywhere. */
  get #several(): VariantChecks | null {
    if (this.#variants !== undefined) return this.#variants;
    const { variants, ...own } = this.#plan;
    this.#variants =
      variants === undefined
        ? null
        : new VariantChecks(
            [own, ...variants].map((plan) => new Operation(this.compiled, this.#linked, plan)),
          );
    return this.#variants;
  }

  get streamingAnswers(): readonly string[] {
    return this.#several?.streamingAnswers ?? this.#answerChecks.streaming;
  }

  get documentsUpgrade(): boolean {
    return this.#plans.some(({ answers }) => answers.some(({ status }) => status === '101'));
  }

  get documentedHeaders(): ApiOperation['documentedHeaders'] {
    const request = this.#plans.flatMap(({ parameters, body }) => [
      ...parameters.filter((plan) => plan.in === 'header').map(({ name }) => name.toLowerCase()),
      ...(body === null ? [] : ['content-type']),
    ]);
    const answer = this.#plans.flatMap(({ answers }) =>
      answers.flatMap(({ headers }) => headers.map(({ name }) => name.toLowerCase())),
    );
    return { request, answer };
  }

  get validatesAnswers(): boolean {
    if (this.#several !== null) return this.#several.validatesAnswers;
    return this.#plan.answers.some(({ content }) => content.some(({ schema }) => schema !== null));
  }

  checkParameters(parts: RequestParts): readonly MessageViolation[] {
    if (this.#several !== null) return this.#several.checkParameters(parts);
    this.#parameters ??= new ParameterCheck(this.#plan, this.#validatorsOf('request'));
    const parameters = this.#parameters;
    return onAccountOf(parts.patternWork ?? new PatternWork(), () => parameters.check(parts));
  }

  expectBody(headers: HeaderFields, hasBody: boolean): BodyExpectation {
    if (this.#several !== null) return this.#several.expectBody(headers, hasBody);
    return this.#bodyCheck.expect(headers, hasBody);
  }

  checkBody(
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    patternWork = new PatternWork(),
  ): BodyCheck {
    const several = this.#several;
    if (several !== null) return several.checkBody(headers, bytes, bounds, patternWork);
    return onAccountOf(patternWork, () => this.#bodyCheck.check(headers, bytes, bounds));
  }

  expectAnswer(status: number, headers: HeaderFields): AnswerExpectation {
    if (this.#several !== null) return this.#several.expectAnswer(status, headers);
    return this.#answerChecks.expect(status, headers);
  }

  checkAnswer(
    status: number,
    headers: HeaderFields,
    bytes: Uint8Array,
    bounds: JsonBounds,
    options: { readonly findUndocumented: boolean },
  ): AnswerCheck {
    const several = this.#several;
    if (several !== null) return several.checkAnswer(status, headers, bytes, bounds, options);
    return onAccountOf(new PatternWork(), () =>
      this.#answerChecks.check(status, headers, bytes, bounds, options),
    );
  }

  get #plans(): readonly OperationPlan[] {
    return [this.#plan, ...(this.#plan.variants ?? [])];
  }

  get #plan(): OperationPlan {
    return this.#given ?? (this.compiled.plan as OperationPlan);
  }

  get #bodyCheck(): RequestBodyCheck {
    this.#body ??= new RequestBodyCheck(this.#plan, this.#validatorsOf('request'));
    return this.#body;
  }

  get #answerChecks(): AnswerChecks {
    const { method } = this.compiled;
    this.#answers ??= new AnswerChecks(method, this.#plan, this.#validatorsOf('response'));
    return this.#answers;
  }

  #validatorsOf(direction: Direction): (plan: { schema: string | null }) => Validator | null {
    return ({ schema }) => (schema === null ? null : this.#linked.validator(schema, direction));
  }
}
