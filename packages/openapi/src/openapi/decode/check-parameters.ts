import type { Validator } from '../../json-schema/types.ts';
import type { OperationPlan, ParameterPlan } from '../plan.ts';
import type { MessageViolation, RequestParts } from '../types.ts';
import { readCookies, unquoted } from './cookies.ts';
import type { Draft } from './draft.ts';
import { explained } from './expected.ts';
import { type FieldInput, FieldSet, type FieldSpec, readAlone, readPairs } from './field-set.ts';
import { HeaderField } from './header-field.ts';
import { decodeForm, decodePercent } from './lexemes.ts';
import { BodyNames, refusalBeside } from './parameter-names.ts';
import { asItIs, divide } from './pieces.ts';
import { buildValue, type Decode, kindsIn, type Refusal } from './read-field.ts';
import { judgedEachWay, settled } from './settled.ts';
import { styleInWords } from './style-words.ts';

type ValidatorOf = (plan: { readonly schema: string | null }) => Validator | null;

interface ParameterSpec extends FieldSpec {
  readonly plan: ParameterPlan;
  readonly validator: Validator | null;
}

const NONE: readonly string[] = [];
const NO_VIOLATIONS: readonly MessageViolation[] = [];
const UNDOCUMENTED_MAX = 16;
const NAMES_SHOWN = 10;
/** Nothing as long as a key or token that stands in the place of a name, nor what terminals and pages act on. */
const LIKE_A_NAME = /^[A-Za-z0-9_$.:~[\]-]{1,40}$/;

/** One operation's parameters, compiled on its first call. */
export class ParameterCheck {
  readonly #strict: boolean;
  /** By position in the template. */
  readonly #path: readonly (ParameterSpec | undefined)[];
  readonly #query: FieldSet<ParameterSpec>;
  readonly #isQueryRequired: boolean;
  readonly #allowedQuery: readonly string[];
  readonly #headers: readonly HeaderField[];
  readonly #cookies: FieldSet<ParameterSpec>;
  readonly #plan: OperationPlan;
  #beside: BodyNames | undefined;

  constructor(plan: OperationPlan, validatorOf: ValidatorOf) {
    this.#plan = plan;
    const specs = plan.parameters.map((parameter) => specOf(parameter, validatorOf(parameter)));
    const names = plan.template.flatMap((segment) => ('names' in segment ? segment.names : []));
    const inPlace = (location: ParameterPlan['in']) =>
      specs.filter((spec) => spec.plan.in === location);
    const path = inPlace('path');
    this.#strict = plan.strictProperties;
    this.#path = names.map((name) => path.find((spec) => spec.name === name));
    this.#allowedQuery = plan.allowedQuery ?? NONE;
    this.#query = new FieldSet(inPlace('query'));
    this.#isQueryRequired = this.#query.specs.some((spec) => spec.plan.required);
    this.#headers = inPlace('header').map((spec) => new HeaderField(spec.plan, spec.validator));
    this.#cookies = new FieldSet(inPlace('cookie'));
  }

  /** Names that may stand in the query. */
  get #known(): string {
    const names = this.#query.specs.map(({ name }) => name);
    if (names.length === 0) return 'no query parameters';
    const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
    return `one of ${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
  }

  check(parts: RequestParts): readonly MessageViolation[] {
    const violations: MessageViolation[] = [];
    this.#checkPath(parts.pathValues, violations);
    if (parts.query !== '' || this.#isQueryRequired) this.#checkQuery(parts, violations);
    if (this.#headers.length > 0) this.#checkHeaders(parts, violations);
    if (this.#cookies.specs.length > 0) this.#checkCookies(parts, violations);
    return violations.length === 0 ? NO_VIOLATIONS : violations;
  }

  #checkPath(values: readonly string[], violations: MessageViolation[]): void {
    for (const [index, spec] of this.#path.entries()) {
      const raw = values[index];
      if (spec === undefined) continue;
      if (raw === undefined || raw === '') {
        violations.push(violation(spec.plan, 'required'));
        continue;
      }
      this.#conclude(spec, (draft) => readPathValue(spec, raw, draft), violations);
    }
  }

  #checkQuery(parts: RequestParts, violations: MessageViolation[]): void {
    const pairs = readPairs(parts.query);
    if ('rule' in pairs) {
      violations.push(explained({ in: 'query', ...pairs }));
      return;
    }
    const credentials = parts.credentialNames?.query ?? NONE;
    const before = violations.length;
    const { inputs, unknown, strangers } = this.#query.collect(
      pairs,
      (name) => credentials.includes(name) || this.#allowedQuery.includes(name),
    );
    for (const { name } of unknown.slice(0, UNDOCUMENTED_MAX)) {
      const found = {
        in: 'query',
        pointer: '',
        rule: 'undocumented',
        expected: this.#known,
      } as const;
      violations.push(LIKE_A_NAME.test(name) ? { ...found, written: name } : found);
    }
    const ofStrangers: MessageViolation[] = [];
    for (const [index, spec] of this.#query.specs.entries()) {
      const input = inputs[index];
      if (credentials.includes(spec.name)) continue;
      if (input === undefined) {
        if (spec.plan.required) violations.push(violation(spec.plan, 'required'));
        continue;
      }
      if (spec.plan.allowEmpty && isEmpty(input)) continue;
      const told = index === this.#query.absorbing ? ofStrangers : violations;
      this.#conclude(spec, (draft) => readAlone(spec, input, decodeForm, draft), told);
    }
    if (strangers.length > 0 && violations.length === before) {
      this.#checkStrangers(strangers, credentials, violations);
    }
    // Not of the object that took it, where another parameter was meant.
    if (violations.length === before) violations.push(...ofStrangers);
  }

  /** What passes undescribed, or as a member of an object, must not be read as what is described. */
  #checkStrangers(
    strangers: readonly string[],
    credentials: readonly string[],
    violations: MessageViolation[],
  ): void {
    const isNamed = (name: string) =>
      credentials.includes(name) || this.#allowedQuery.includes(name);
    const doubt = this.#query.names.doubtAmong(strangers, isNamed);
    if (doubt === undefined) {
      this.#checkBeside(strangers, credentials, violations);
      return;
    }
    const { rule, pointer, like } = doubt;
    const named = like === undefined ? {} : { name: like };
    violations.push(explained({ in: 'query', ...named, pointer, rule }));
  }

  #checkBeside(
    strangers: readonly string[],
    credentials: readonly string[],
    violations: MessageViolation[],
  ): void {
    this.#beside ??= new BodyNames(this.#plan);
    for (const name of strangers) {
      // A credential does not go on to the service.
      const place = credentials.includes(name) ? undefined : this.#beside.ofQuery(name);
      if (place === undefined) continue;
      violations.push({ in: 'query', ...refusalBeside(place, 'query') });
      return;
    }
  }

  #checkHeaders(parts: RequestParts, violations: MessageViolation[]): void {
    const credentials = parts.credentialNames?.header ?? NONE;
    for (const field of this.#headers) {
      const isCredential = credentials.some((name) => name.toLowerCase() === field.name);
      if (!isCredential) violations.push(...field.check(parts.headers, this.#strict));
    }
  }

  #checkCookies({ headers, credentialNames }: RequestParts, violations: MessageViolation[]): void {
    const credentials = credentialNames?.cookie ?? NONE;
    const { pairs, repeated, faults } = readCookies(headers, this.#cookies.specs);
    const { inputs } = this.#cookies.collect(pairs, () => true);
    for (const [index, spec] of this.#cookies.specs.entries()) {
      const input = inputs[index];
      if (credentials.includes(spec.name)) continue;
      const fault = faults.get(spec.name);
      if (fault !== undefined) violations.push(cookieFault(spec.plan, fault));
      else if (input === undefined) {
        if (spec.plan.required) violations.push(violation(spec.plan, 'required'));
      } else if (repeated.has(spec.name) && spec.style !== 'cookie') {
        violations.push(violation(spec.plan, 'duplicate'));
      } else {
        const decode = spec.style === 'cookie' ? asItIs : decodePercent;
        const before = violations.length;
        this.#conclude(spec, (draft) => readAlone(spec, input, decode, draft), violations);
        if (violations.length === before) this.#checkOtherReadings(spec, input, violations);
      }
    }
  }

  /** A described cookie has to fit its schema by whatever some service reads in it. */
  #checkOtherReadings(
    spec: ParameterSpec,
    input: FieldInput,
    violations: MessageViolation[],
  ): void {
    for (const { rule, decode, ...reading } of otherReadings(spec, input)) {
      const found: MessageViolation[] = [];
      this.#conclude(spec, (draft) => readAlone(spec, reading.input, decode, draft), found);
      const broken = found.filter(({ rule, isRemark }) => !isRemark && !isUnread(spec, rule));
      if (broken.length === 0) continue;
      violations.push(...(rule === undefined ? broken : [violation(spec.plan, rule)]));
      return;
    }
  }

  #conclude(
    { plan, validator }: ParameterSpec,
    readInto: (draft: Draft) => { readonly draft: Draft } | Refusal,
    violations: MessageViolation[],
  ): void {
    const place = { in: plan.in, name: plan.name };
    const found = judgedEachWay(place, (draft) => {
      const read = readInto(draft);
      if ('rule' in read) return [explained({ ...place, ...read })];
      return settled(plan.in, plan.name, draft, validator, this.#strict);
    });
    violations.push(...found);
  }
}

function specOf(plan: ParameterPlan, validator: Validator | null): ParameterSpec {
  const { name, shape, serialization } = plan;
  return serialization.kind === 'style'
    ? { plan, validator, name, shape, content: null, ...serialization }
    : {
        plan,
        validator,
        name,
        shape,
        style: 'form',
        explode: false,
        content: serialization.json ? 'json' : 'text',
      };
}

function violation(plan: ParameterPlan, rule: string): MessageViolation {
  return explained({ in: plan.in, name: plan.name, pointer: '', rule });
}

/** The problem names the described cookie alone: the other is the caller's own. */
function cookieFault(plan: ParameterPlan, rule: string): MessageViolation {
  const found = violation(plan, rule);
  return rule === 'look-alike' ? { ...found, expected: OTHER_COOKIE } : found;
}

const OTHER_COOKIE =
  'this cookie once and by its exact name, and nothing else that some services read as it: here the name of another cookie, or a word in the value of one, is like it but for case, escapes, or what stands around it';

interface CookieReading {
  readonly input: FieldInput;
  readonly decode: Decode;
  /** What is told; undefined: what the schema says of it. */
  readonly rule?: string;
}

/** What else services read that take quotes away, do not decode values (or do), or cut them short. */
function otherReadings(spec: ParameterSpec, input: FieldInput): CookieReading[] {
  const { occurrences, members } = input;
  const found: CookieReading[] = [];
  const decode = spec.style === 'cookie' ? asItIs : decodePercent;
  if (spec.content !== 'json' && occurrences.some((raw) => raw.startsWith('"'))) {
    const bare = occurrences.map((raw) => unquoted(raw) ?? raw);
    found.push({ input: { ...input, occurrences: bare }, decode });
  }
  if (occurrences.some(hasEscape) || members.some(({ value }) => hasEscape(value))) {
    const other = decode === asItIs ? decodePercent : asItIs;
    found.push({ input, decode: other, rule: 'escapes-kept' });
  }
  const [only = '', ...others] = occurrences;
  const end = only.search(CUTS);
  if (end >= 0 && others.length === 0 && spec.content !== 'json' && !only.startsWith('"')) {
    const cut = { ...input, occurrences: [only.slice(0, end)] };
    found.push({ input: cut, decode: asItIs, rule: 'cut-short' });
  }
  return found;
}

/** Undertow ends a value at each of these. */
const CUTS = /[=<>()@?{}]/;
const hasEscape = (raw: string): boolean => raw.includes('%');

/** Who cannot read it reads no other value. */
function isUnread({ content }: ParameterSpec, rule: string): boolean {
  return rule === 'encoding' || (content === 'json' && rule.startsWith('json-'));
}

function isEmpty({ occurrences, members }: FieldInput): boolean {
  return members.length === 0 && occurrences.length === 1 && occurrences[0] === '';
}

function readPathValue(
  spec: ParameterSpec,
  raw: string,
  draft: Draft,
): { readonly draft: Draft } | Refusal {
  if (spec.content !== null) {
    return readAlone(spec, { occurrences: [raw], members: [] }, decodePercent, draft);
  }
  const readings = [];
  let refusal: Refusal | undefined;
  for (const kind of kindsIn(spec.shape, draft)) {
    const { pieces, decode } = divide(
      raw,
      kind,
      spec.name,
      spec,
      decodePercent,
      draft,
      '',
      spec.shape,
    );
    const built =
      pieces === undefined
        ? { rule: 'style', pointer: '', expected: styleInWords(spec) }
        : buildValue(pieces, spec.shape, decode, draft, '');
    if ('rule' in built) refusal ??= built;
    else readings.push(...built.readings);
  }
  if (readings.length === 0) {
    return refusal ?? { rule: 'style', pointer: '', expected: styleInWords(spec) };
  }
  draft.putTop(readings);
  return { draft };
}
