import type { ExactNumber, JsonValue } from '../json/index.ts';
import { expectedBy } from './expected.ts';
import { Evaluated, type Findings, type Path } from './findings.ts';
import { formatCheck } from './formats/index.ts';
import { nearestAlternative, onlyAlternative } from './nearest-alternative.ts';
import type { Forbidden, Shape, UnitIndex } from './shape.ts';
import {
  codePoints,
  hasUniqueItems,
  isEqual,
  isMultipleOf,
  isNumber,
  isObject,
  type JsonObject,
  keepsLimit,
  memberOf,
} from './values.ts';
import { hasType, type World } from './world.ts';

/**
 * Judges a value by walking the shape. With `findings` it goes on after a failure and collects
 * them; with `evaluated` it notes what unevaluatedItems and unevaluatedProperties ask about. The
 * generated code answers the plain question, is it valid, much faster.
 */
export function interpret(
  world: World,
  shape: Shape,
  value: JsonValue,
  path: Path | null = null,
  findings: Findings | null = null,
  evaluated: Evaluated | null = null,
): boolean {
  const run = new Run(world, shape, value, path, findings, evaluated);
  run.judge();
  return run.isValid;
}

class Run {
  isValid = true;
  readonly world: World;
  readonly shape: Shape;
  readonly value: JsonValue;
  readonly path: Path | null;
  readonly findings: Findings | null;
  /** Ours; handed to the caller only if the value turns out valid. */
  readonly evaluated: Evaluated | null;
  readonly outer: Evaluated | null;

  constructor(
    world: World,
    shape: Shape,
    value: JsonValue,
    path: Path | null,
    findings: Findings | null,
    outer: Evaluated | null,
  ) {
    this.world = world;
    this.shape = shape;
    this.value = value;
    this.path = path;
    this.findings = findings;
    this.outer = outer;
    const asks = shape.unevaluatedItems !== undefined || shape.unevaluatedProperties !== undefined;
    this.evaluated = asks || outer !== null ? new Evaluated() : null;
  }

  judge(): void {
    const { shape, value } = this;
    if (shape.never) this.fail('false');
    if (shape.types !== undefined && !hasType(value, shape.types)) this.fail('type');
    if (this.isDone) return;
    this.values();
    this.references();
    if (typeof value === 'string') this.string(value);
    else if (isNumber(value)) this.number(value);
    else if (Array.isArray(value)) this.array(value);
    else if (isObject(value)) this.object(value);
    this.combinations();
    if (Array.isArray(value)) this.unevaluatedItems(value);
    else if (isObject(value)) this.unevaluatedProperties(value);
    if (this.isValid && this.outer !== null) this.outer.merge(this.evaluated!);
  }

  get isDone(): boolean {
    return !this.isValid && (this.findings === null || this.findings.isFull);
  }

  fail(rule: string, member?: string, path: Path | null = this.path): void {
    this.isValid = false;
    if (this.findings === null) return;
    this.findings.add(path, rule, member, expectedBy(this.shape, rule, member));
  }

  /** A subschema on this same value. Silent branches decide; loud ones also explain. */
  inPlace(shape: Shape, mode: 'loud' | 'silent'): boolean {
    const findings = mode === 'loud' ? this.findings : null;
    const { world, value, path, evaluated } = this;
    return interpret(world, shape, value, path, findings, evaluated);
  }

  unit(unit: UnitIndex): boolean {
    const { world, value, evaluated, findings, path } = this;
    const seeksRemarks = findings?.seeksRemarks ?? false;
    if (evaluated === null && !seeksRemarks && world.check(unit, value)) return true;
    if (evaluated === null && findings === null) return false;
    return interpret(world, world.shape(unit), value, path, findings, evaluated);
  }

  /** A subschema on a member or item. */
  deeper(shape: Shape, value: JsonValue, step: string | number): boolean {
    const { world, findings, path } = this;
    const at = findings === null ? null : { parent: path, step };
    return interpret(world, shape, value, at, findings);
  }

  values(): void {
    const { shape, value, world } = this;
    if (shape.values !== undefined) {
      if (!shape.values.some((text) => isEqual(world.value(text), value))) this.fail('enum');
    }
    if (shape.constant !== undefined && !isEqual(world.value(shape.constant), value)) {
      this.fail('const');
    }
  }

  references(): void {
    for (const unit of this.shape.refs ?? []) {
      if (this.isDone) return;
      if (!this.unit(unit)) this.isValid = false;
    }
  }

  string(value: string): void {
    const { shape, world } = this;
    const { minLength, maxLength, pattern, format } = shape;
    if (minLength !== undefined && codePoints(value) < minLength) this.fail('minLength');
    if (maxLength !== undefined && codePoints(value) > maxLength) this.fail('maxLength');
    if (pattern !== undefined && !world.pattern(pattern).test(value)) this.fail('pattern');
    if (format !== undefined && formatCheck(format)?.string?.(value) === false) this.formatBroken();
  }

  formatBroken(): void {
    if (!this.shape.isFormatReported) this.fail('format');
    else if (this.findings?.seeksRemarks) this.findings.add(this.path, 'format');
  }

  number(value: number | ExactNumber): void {
    const { limits, multipleOf, format } = this.shape;
    for (const [rule, limit] of limits ?? []) {
      const bound = this.world.value(limit) as number | ExactNumber;
      if (!keepsLimit(value, rule, bound)) this.fail(rule);
    }
    if (multipleOf !== undefined) {
      const step = this.world.value(multipleOf) as number | ExactNumber;
      if (!isMultipleOf(value, step)) this.fail('multipleOf');
    }
    if (format !== undefined && formatCheck(format)?.number?.(value) === false) this.formatBroken();
  }

  array(items: JsonValue[]): void {
    const { shape, evaluated } = this;
    if (shape.minItems !== undefined && items.length < shape.minItems) this.fail('minItems');
    if (shape.maxItems !== undefined && items.length > shape.maxItems) this.fail('maxItems');
    if (shape.uniqueItems && !hasUniqueItems(items)) this.fail('uniqueItems');
    const prefix = shape.prefixItems ?? [];
    for (let i = 0; i < items.length && !this.isDone; i++) {
      const item = prefix[i] ?? shape.items;
      if (item === undefined) break;
      if (item.never) this.fail(i < prefix.length ? 'prefixItems' : 'items', undefined, this.to(i));
      else if (!this.deeper(item, items[i]!, i)) this.isValid = false;
    }
    if (evaluated !== null) {
      const covered =
        shape.items === undefined ? Math.min(prefix.length, items.length) : items.length;
      evaluated.prefix = Math.max(evaluated.prefix, covered);
    }
    this.contains(items);
  }

  contains(items: JsonValue[]): void {
    const { shape, world, evaluated } = this;
    if (shape.contains === undefined || this.isDone) return;
    const { min, max = Number.POSITIVE_INFINITY } = shape.contains;
    let found = 0;
    for (let i = 0; i < items.length; i++) {
      if (!interpret(world, shape.contains.shape, items[i]!)) continue;
      found++;
      evaluated?.indexes.add(i);
    }
    if (found < min) this.fail(min === 1 ? 'contains' : 'minContains');
    if (found > max) this.fail('maxContains');
  }

  object(value: JsonObject): void {
    const { shape } = this;
    const names = Object.keys(value);
    const { minProperties, maxProperties } = shape;
    if (minProperties !== undefined && names.length < minProperties) this.fail('minProperties');
    if (maxProperties !== undefined && names.length > maxProperties) this.fail('maxProperties');
    for (const name of shape.required ?? []) {
      if (!Object.hasOwn(value, name)) this.fail('required', name);
    }
    for (const [trigger, required] of shape.dependentRequired ?? []) {
      if (!Object.hasOwn(value, trigger)) continue;
      for (const name of required) {
        if (!Object.hasOwn(value, name)) this.fail('dependentRequired', name);
      }
    }
    this.discriminated(value);
    this.members(value, names);
  }

  discriminated(value: JsonObject): void {
    const { discriminator } = this.shape;
    if (discriminator === undefined || this.isDone) return;
    const { property, targets, isOptional } = discriminator;
    const name = memberOf(value, property);
    if (name === undefined) {
      if (isOptional) return;
      this.fail('discriminator', property);
      return;
    }
    const target = targets.find(([known]) => known === name);
    if (target === undefined) {
      this.fail('discriminator', property, this.to(property));
      return;
    }
    if (target[1] === null || this.world.check(target[1], value)) {
      if (target[1] !== null && this.evaluated !== null) this.unit(target[1]);
      return;
    }
    // What the chosen one misses is what is wrong.
    const told = this.findings?.violations.length ?? 0;
    this.unit(target[1]);
    this.isValid = false;
    if (this.findings?.violations.length === told) this.fail('discriminator', property);
  }

  /** The value names the alternative that is meant, and its discriminator was obeyed. */
  get isChosen(): boolean {
    const { discriminator } = this.shape;
    if (discriminator?.isOptional !== true || !isObject(this.value)) return false;
    return memberOf(this.value, discriminator.property) !== undefined;
  }

  members(value: JsonObject, names: string[]): void {
    const { shape, world, evaluated } = this;
    const { properties = [], patternProperties = [], additionalProperties, propertyNames } = shape;
    const known = new Set<string>();
    for (const [name, property, forbidden] of properties) {
      if (this.isDone) return;
      if (!Object.hasOwn(value, name)) continue;
      known.add(name);
      this.member(property, value[name]!, name, forbidden, 'properties');
    }
    if (patternProperties.length > 0 || additionalProperties !== undefined) {
      for (const name of names) {
        if (this.isDone) return;
        for (const [pattern, property, forbidden] of patternProperties) {
          if (!world.pattern(pattern).test(name)) continue;
          known.add(name);
          this.member(property, value[name]!, name, forbidden, 'patternProperties');
        }
        if (additionalProperties === undefined || known.has(name)) continue;
        const { additionalForbidden } = shape;
        known.add(name);
        this.member(
          additionalProperties,
          value[name]!,
          name,
          additionalForbidden,
          'additionalProperties',
        );
      }
    }
    if (evaluated !== null) for (const name of known) evaluated.members.add(name);
    if (propertyNames === undefined) return;
    for (const name of names) {
      if (!interpret(world, propertyNames, name)) this.fail('propertyNames', name);
    }
  }

  member(
    shape: Shape,
    value: JsonValue,
    name: string,
    forbidden: Forbidden | undefined,
    keyword: string,
  ): void {
    if (forbidden !== undefined) this.fail(forbidden, name, this.to(name));
    else if (shape.never) this.fail(keyword, name, this.to(name));
    else if (!this.deeper(shape, value, name)) this.isValid = false;
  }

  combinations(): void {
    const { shape, value, evaluated } = this;
    for (const part of shape.allOf ?? []) {
      if (this.isDone) return;
      if (!this.inPlace(part, 'loud')) this.isValid = false;
    }
    if (shape.anyOf !== undefined && !this.isDone) {
      let passes = false;
      // Every passing branch counts for unevaluated*, so the first one may not end the search.
      for (const branch of shape.anyOf) {
        if (this.inPlace(branch, 'silent')) passes = true;
        if (passes && evaluated === null) break;
      }
      if (!passes && !(this.isChosen && !this.isValid)) {
        this.failAlternatives('anyOf', shape.anyOf);
      }
    }
    if (shape.oneOf !== undefined && !this.isDone) {
      let passes = 0;
      for (const branch of shape.oneOf) if (this.inPlace(branch, 'silent')) passes++;
      // Where it names an alternative that does not hold, that was told.
      if (passes === 0 && !(this.isChosen && !this.isValid)) {
        this.failAlternatives('oneOf', shape.oneOf);
      } else if (passes > 1 && !this.isChosen) this.failAmbiguous();
    }
    if (shape.not !== undefined && !this.isDone) {
      if (interpret(this.world, shape.not, value)) this.fail('not');
    }
    if (shape.if !== undefined && !this.isDone) {
      const branch = this.inPlace(shape.if, 'silent') ? shape.then : shape.else;
      if (branch !== undefined && !this.inPlace(branch, 'loud')) this.isValid = false;
    }
    if (isObject(value)) {
      for (const [name, part] of shape.dependentSchemas ?? []) {
        if (this.isDone) return;
        if (Object.hasOwn(value, name) && !this.inPlace(part, 'loud')) this.isValid = false;
      }
    }
  }

  /** None of the alternatives holds: says what the one that is meant lacks, or which is nearest. */
  failAlternatives(rule: 'anyOf' | 'oneOf', alternatives: readonly Shape[]): void {
    this.isValid = false;
    if (this.findings === null || this.findings.isFull) return;
    const only = onlyAlternative(this.world, alternatives, this.value);
    const told = this.findings.violations.length;
    if (only !== undefined) this.inPlace(only, 'loud');
    if (this.findings.violations.length > told) return;
    const nearest = nearestAlternative(this.world, alternatives, this.value);
    const words = [expectedBy(this.shape, rule), nearest].filter((part) => part !== null);
    this.findings.add(this.path, rule, undefined, words.join('; '));
  }

  /** More than one alternative holds: none is nearest. */
  failAmbiguous(): void {
    this.isValid = false;
    const words = `${expectedBy(this.shape, 'oneOf')}; more than one fits`;
    this.findings?.add(this.path, 'oneOf', undefined, words);
  }

  unevaluatedItems(items: JsonValue[]): void {
    const { shape, evaluated } = this;
    // After a failure nobody knows what would have been evaluated.
    if (shape.unevaluatedItems === undefined || !this.isValid) return;
    for (let i = evaluated!.prefix; i < items.length && !this.isDone; i++) {
      if (evaluated!.indexes.has(i)) continue;
      if (shape.unevaluatedItems.never) this.fail('unevaluatedItems', undefined, this.to(i));
      else if (!this.deeper(shape.unevaluatedItems, items[i]!, i)) this.isValid = false;
    }
    evaluated!.prefix = items.length;
  }

  unevaluatedProperties(value: JsonObject): void {
    const { shape, evaluated } = this;
    if (shape.unevaluatedProperties === undefined || !this.isValid) return;
    for (const name of Object.keys(value)) {
      if (this.isDone) return;
      if (evaluated!.members.has(name) || evaluated!.allMembers) continue;
      const { unevaluatedProperties } = shape;
      this.member(unevaluatedProperties, value[name]!, name, undefined, 'unevaluatedProperties');
    }
    evaluated!.allMembers = true;
  }

  to(step: string | number): Path {
    return { parent: this.path, step };
  }
}
