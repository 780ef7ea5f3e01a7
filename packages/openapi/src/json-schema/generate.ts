import { hasFormat, isPlain, literal, OPERATORS, read, unless, wrap } from './generated-text.ts';
import { quote } from './quote.ts';
import { type Shape, TYPE_BITS, type UnitIndex } from './shape.ts';
import { staticallyEvaluated } from './statically-evaluated.ts';
import { readValue } from './value-text.ts';

export interface GenerateOptions {
  readonly shapeOf: (unit: UnitIndex) => Shape;
  /** Remember answers: the unit recurs on more than one path, so work would double each level. */
  readonly remembers: boolean;
  /** Units that always pass or always fail need no call. */
  readonly constantOf: (unit: UnitIndex) => boolean | undefined;
}

/**
 * Writes the source of one unit: a function that takes the runtime and returns the check. Names,
 * strings, patterns and values of the schema enter the source through quote() alone, identifiers
 * are numbered, and numbers are written by Number.prototype.toString.
 */
export function generateUnit(root: Shape, options: GenerateOptions): string {
  const writer = new Writer(options);
  const main = writer.functionFor(root);
  const check = options.remembers ? `rt.remembering(${main})` : main;
  const head = [
    '"use strict";',
    'const { E, isObject, isInteger, own, codePoints, isUnique, isEqual } = rt;',
    ...writer.constants,
  ];
  const shape = quote(JSON.stringify(root));
  const body = [...head, ...writer.functions, `return { check: ${check}, shape: ${shape} };`];
  return body.join('\n');
}

class Writer {
  readonly constants: string[] = [];
  readonly functions: string[] = [];
  private readonly options: GenerateOptions;
  private readonly known = new Map<string, string>();
  private variables = 0;

  constructor(options: GenerateOptions) {
    this.options = options;
  }

  functionFor(shape: Shape): string {
    const name = `f${shape.id}`;
    const body = this.statements(shape, 'v');
    this.functions.push(`function ${name}(v) {\n${body}return true;\n}`);
    return name;
  }

  /** An expression: does `v` satisfy the shape? */
  private passes(shape: Shape, v: string): string {
    if (shape.never) return 'false';
    const { id: _, refs, ignored: __, ...rest } = shape;
    if (Object.keys(rest).length === 0) {
      if (refs === undefined) return 'true';
      return refs.map((unit) => this.unitPasses(unit, v)).join(' && ');
    }
    return `${this.functionFor(shape)}(${v})`;
  }

  private unitPasses(unit: UnitIndex, v: string): string {
    const constant = this.options.constantOf(unit);
    if (constant !== undefined) return String(constant);
    return `${this.constant('u', `rt.unit(${unit})`)}.check(${v})`;
  }

  /** Statements that return false unless `v` satisfies the shape; '' where everything does. */
  private statements(shape: Shape, v: string): string {
    if (shape.never) return 'return false;\n';
    const evaluated = needsInterpreter(shape)
      ? staticallyEvaluated(shape, this.options.shapeOf)
      : undefined;
    if (needsInterpreter(shape) && evaluated === undefined) {
      return `if (!rt.interpret(me, ${shape.id}, ${v})) return false;\n`.replace('me', this.self());
    }
    let code = this.types(shape, v) + this.values(shape, v);
    for (const unit of shape.refs ?? []) code += unless(this.unitPasses(unit, v));
    const isOnly = (type: string) => shape.types === TYPE_BITS[type];
    const guarded = (type: string, guard: string, inner: string) => {
      if (inner === '') return;
      code += isOnly(type) ? inner : `if (${guard}) {\n${inner}}\n`;
    };
    guarded('string', `typeof ${v} === "string"`, this.strings(shape, v));
    code += this.numbers(shape, v);
    guarded('array', `Array.isArray(${v})`, this.arrays(shape, v));
    guarded('object', `isObject(${v})`, this.objects(shape, v, evaluated));
    return code + this.combinations(shape, v);
  }

  private self(): string {
    return this.constant('s', 'rt.self');
  }

  private types({ types }: Shape, v: string): string {
    if (types === undefined) return '';
    const has = (name: string) => (types & TYPE_BITS[name]!) !== 0;
    const tests: string[] = [];
    if (has('object')) tests.push(`isObject(${v})`);
    if (has('array')) tests.push(`Array.isArray(${v})`);
    if (has('string')) tests.push(`typeof ${v} === "string"`);
    if (has('number')) tests.push(`typeof ${v} === "number" || ${v} instanceof E`);
    else if (has('integer')) tests.push(`isInteger(${v})`);
    if (has('boolean')) tests.push(`typeof ${v} === "boolean"`);
    if (has('null')) tests.push(`${v} === null`);
    return unless(tests.join(' || '));
  }

  private values({ values, constant }: Shape, v: string): string {
    let code = '';
    if (values !== undefined) {
      if (values.length > 8 && values.every((text) => text.startsWith('"'))) {
        const set = this.constant('k', `new Set([${values.map(literal).join(', ')}])`);
        code += unless(`${set}.has(${v})`);
      } else code += unless(values.map((text) => this.equals(text, v)).join(' || ') || 'false');
    }
    if (constant !== undefined) code += unless(this.equals(constant, v));
    return code;
  }

  private equals(text: string, v: string): string {
    if (!isPlain(text)) return `isEqual(${this.value(text)}, ${v})`;
    const same = `${v} === ${literal(text)}`;
    const isNumber = typeof readValue(text) === 'number';
    return isNumber ? `(${same} || ${v} instanceof E && isEqual(${this.value(text)}, ${v}))` : same;
  }

  private value(text: string): string {
    return this.constant('k', `rt.value(${quote(text)})`);
  }

  private strings(shape: Shape, v: string): string {
    const { minLength: min = 0, maxLength: max, pattern, format } = shape;
    let code = '';
    // A code point takes one or two units, so most lengths need no counting.
    if (min > 0) {
      const counted =
        min === 1 ? '' : ` && (${v}.length >= ${min * 2} || codePoints(${v}) >= ${min})`;
      code += unless(`${v}.length >= ${min}${counted}`);
    }
    if (max !== undefined) {
      code += unless(
        `${v}.length <= ${max} || (${v}.length <= ${max * 2} && codePoints(${v}) <= ${max})`,
      );
    }
    if (pattern !== undefined) code += unless(`${this.pattern(pattern)}.test(${v})`);
    if (format !== undefined && !shape.isFormatReported) {
      code += this.format(format, 'string', v);
    }
    return code;
  }

  private format(name: string, kind: 'string' | 'number', v: string): string {
    if (!hasFormat(name, kind)) return '';
    return unless(`${this.constant('m', `rt.format(${quote(name)}, "${kind}")`)}(${v})`);
  }

  private pattern(spec: NonNullable<Shape['pattern']>): string {
    return this.constant('p', `rt.pattern(${quote(JSON.stringify(spec))})`);
  }

  private numbers(shape: Shape, v: string): string {
    const { limits = [], multipleOf, format } = shape;
    let exact = '';
    let plain = '';
    for (const [rule, text] of limits) {
      const limit = readValue(text);
      const test = `rt.keepsLimit(${v}, "${rule}", ${this.value(text)})`;
      exact += unless(test);
      if (typeof limit !== 'number') plain += unless(test);
      else plain += unless(`${v} ${OPERATORS[rule]} ${limit < 0 ? `(${limit})` : limit}`);
    }
    if (multipleOf !== undefined) {
      const step = readValue(multipleOf);
      const test = `rt.isMultipleOf(${v}, ${this.value(multipleOf)})`;
      exact += unless(test);
      const isWhole = typeof step === 'number' && Number.isSafeInteger(step);
      plain += isWhole
        ? unless(`Number.isSafeInteger(${v}) ? ${v} % ${step} === 0 : ${test}`)
        : unless(test);
    }
    if (format !== undefined && !shape.isFormatReported) {
      const test = this.format(format, 'number', v);
      exact += test;
      plain += test;
    }
    if (plain === '') return '';
    return `if (typeof ${v} === "number") {\n${plain}} else if (${v} instanceof E) {\n${exact}}\n`;
  }

  private arrays(shape: Shape, v: string): string {
    let code = '';
    if (shape.minItems !== undefined) code += unless(`${v}.length >= ${shape.minItems}`);
    if (shape.maxItems !== undefined) code += unless(`${v}.length <= ${shape.maxItems}`);
    if (shape.uniqueItems) code += unless(`isUnique(${v})`);
    const prefix = shape.prefixItems ?? [];
    prefix.forEach((item, i) => {
      const inner = this.inner(item, (x) => `const ${x} = ${v}[${i}];\n`);
      if (inner !== '') code += `if (${v}.length > ${i}) {\n${inner}}\n`;
    });
    if (shape.items !== undefined) {
      const i = this.variable('i');
      const inner = this.inner(shape.items, (x) => `const ${x} = ${v}[${i}];\n`);
      if (inner !== '')
        code += `for (let ${i} = ${prefix.length}; ${i} < ${v}.length; ${i}++) {\n${inner}}\n`;
    }
    if (shape.contains !== undefined) {
      const { shape: wanted, min, max } = shape.contains;
      const n = this.variable('n');
      const i = this.variable('i');
      code += `let ${n} = 0;\nfor (let ${i} = 0; ${i} < ${v}.length; ${i}++) if (${this.passes(wanted, `${v}[${i}]`)}) ${n}++;\n`;
      code += unless(`${n} >= ${min}${max === undefined ? '' : ` && ${n} <= ${max}`}`);
    }
    return code;
  }

  /** A subschema on another value, inlined where it is small, called where it is an object. */
  private inner(shape: Shape, declare: (name: string) => string): string {
    const x = this.variable('x');
    const isLarge = shape.properties !== undefined || shape.items?.properties !== undefined;
    const code = isLarge ? unless(this.passes(shape, x)) : this.statements(shape, x);
    return code === '' ? '' : declare(x) + code;
  }

  private objects(shape: Shape, v: string, evaluated: string[] | 'all' | undefined): string {
    const { properties = [], patternProperties = [], propertyNames, discriminator } = shape;
    const required = new Set(shape.required ?? []);
    let code = '';
    const { minProperties, maxProperties } = shape;
    if (minProperties !== undefined) code += unless(`Object.keys(${v}).length >= ${minProperties}`);
    if (maxProperties !== undefined) code += unless(`Object.keys(${v}).length <= ${maxProperties}`);

    const closed =
      shape.additionalProperties?.never === true &&
      patternProperties.length === 0 &&
      evaluated === undefined;
    const n = closed ? this.variable('n') : '';
    if (closed) code += `let ${n} = 0;\n`;
    for (const [name, property, forbidden] of properties) {
      const x = this.variable('x');
      const inner =
        forbidden !== undefined || property.never
          ? 'return false;\n'
          : isLarge(property)
            ? unless(this.passes(property, x))
            : this.statements(property, x);
      const count = closed ? `${n}++;\n` : '';
      if (required.delete(name))
        code += `const ${x} = ${read(v, name)};\nif (${x} === undefined) return false;\n${count}${inner}`;
      else if (count + inner !== '')
        code += `const ${x} = ${read(v, name)};\nif (${x} !== undefined) {\n${count}${inner}}\n`;
    }
    if (closed) code += unless(`Object.keys(${v}).length === ${n}`);
    for (const name of required) code += `if (${read(v, name)} === undefined) return false;\n`;

    for (const [trigger, names] of shape.dependentRequired ?? []) {
      const missing = names.map((name) => `${read(v, name)} === undefined`).join(' || ');
      if (missing !== '')
        code += `if (${read(v, trigger)} !== undefined && (${missing})) return false;\n`;
    }
    for (const [name, part] of shape.dependentSchemas ?? []) {
      code += `if (${read(v, name)} !== undefined && !${wrap(this.passes(part, v))}) return false;\n`;
    }
    if (discriminator !== undefined) {
      const d = this.variable('d');
      code += `const ${d} = ${read(v, discriminator.property)};\nswitch (${d}) {\n`;
      for (const [value, unit] of discriminator.targets) {
        const test = unit === null ? '' : unless(this.unitPasses(unit, v));
        code += `case ${quote(value)}:\n${test}break;\n`;
      }
      if (discriminator.isOptional) code += 'case undefined: break;\n';
      code += 'default: return false;\n}\n';
    }
    if (!closed) code += this.everyMember(shape, v, evaluated);
    else if (propertyNames !== undefined) {
      code += this.everyMember({ id: shape.id, propertyNames }, v, undefined);
    }
    return code;
  }

  private everyMember(shape: Shape, v: string, evaluated: string[] | 'all' | undefined): string {
    const { properties = [], patternProperties = [], propertyNames } = shape;
    const k = this.variable('k');
    const x = this.variable('x');
    let code = '';
    if (propertyNames !== undefined) {
      const test = this.passes(propertyNames, k);
      if (test !== 'true') code += unless(test);
    }
    const rest =
      shape.additionalProperties ?? (evaluated === 'all' ? undefined : shape.unevaluatedProperties);
    const restCode =
      rest === undefined || (evaluated === 'all' && shape.additionalProperties === undefined)
        ? ''
        : shape.additionalForbidden !== undefined
          ? 'return false;\n'
          : isLarge(rest)
            ? unless(this.passes(rest, x))
            : this.statements(rest, x);
    const isKnown = this.variable('b');
    let needsFlag = false;
    let memberCode = '';
    for (const [pattern, property, forbidden] of patternProperties) {
      const inner = forbidden !== undefined ? 'return false;\n' : this.statements(property, x);
      if (inner === '' && restCode === '') continue;
      needsFlag ||= restCode !== '';
      memberCode += `if (${this.pattern(pattern)}.test(${k})) {\n${restCode === '' ? '' : `${isKnown} = true;\n`}${inner}}\n`;
    }
    if (restCode !== '') {
      const names = [
        ...properties.map(([name]) => name),
        ...(Array.isArray(evaluated) ? evaluated : []),
      ];
      const tests = needsFlag ? [`!${isKnown}`] : [];
      if (names.length > 0) tests.push(`!${this.nameSet(names)}.has(${k})`);
      memberCode += tests.length === 0 ? restCode : `if (${tests.join(' && ')}) {\n${restCode}}\n`;
    }
    if (memberCode !== '') {
      code += `const ${x} = ${v}[${k}];\n${needsFlag ? `let ${isKnown} = false;\n` : ''}${memberCode}`;
    }
    return code === '' ? '' : `for (const ${k} of Object.keys(${v})) {\n${code}}\n`;
  }

  private nameSet(names: readonly string[]): string {
    return this.constant('k', `new Set([${names.map(quote).join(', ')}])`);
  }

  private combinations(shape: Shape, v: string): string {
    let code = '';
    for (const part of shape.allOf ?? []) {
      code += isLarge(part) ? unless(this.passes(part, v)) : this.block(this.statements(part, v));
    }
    if (shape.anyOf !== undefined) {
      const any = shape.anyOf.map((branch) => wrap(this.passes(branch, v))).join(' || ');
      // The discriminator has chosen one of these alternatives already, and it held.
      const { discriminator } = shape;
      const isChosen =
        discriminator !== undefined && !discriminator.isOptional && shape.oneOf === undefined;
      code += unless(isChosen ? `isObject(${v}) || ${any}` : any);
    }
    if (shape.oneOf !== undefined) {
      const n = this.variable('n');
      const { discriminator } = shape;
      const isOpen =
        discriminator?.isOptional === true
          ? ` && !(isObject(${v}) && ${read(v, discriminator.property)} !== undefined)`
          : '';
      code += `let ${n} = 0;\n`;
      for (const branch of shape.oneOf) {
        code += `if (${this.passes(branch, v)} && ++${n} > 1${isOpen}) return false;\n`;
      }
      code += unless(`${n} > 0`);
    }
    if (shape.not !== undefined) code += `if (${this.passes(shape.not, v)}) return false;\n`;
    if (shape.if !== undefined && (shape.then ?? shape.else) !== undefined) {
      const yes = shape.then === undefined ? 'true' : this.passes(shape.then, v);
      const no = shape.else === undefined ? 'true' : this.passes(shape.else, v);
      code += unless(`${wrap(this.passes(shape.if, v))} ? ${yes} : ${no}`);
    }
    return code;
  }

  private block(code: string): string {
    return code === '' ? '' : `{\n${code}}\n`;
  }

  private constant(prefix: string, expression: string): string {
    let name = this.known.get(expression);
    if (name === undefined) {
      name = `${prefix}${this.known.size}_`;
      this.known.set(expression, name);
      this.constants.push(`const ${name} = ${expression};`);
    }
    return name;
  }

  private variable(prefix: string): string {
    return `${prefix}${this.variables++}`;
  }
}

const needsInterpreter = (shape: Shape): boolean =>
  shape.unevaluatedItems !== undefined || shape.unevaluatedProperties !== undefined;

const isLarge = (shape: Shape): boolean =>
  shape.properties !== undefined || shape.items?.properties !== undefined;
