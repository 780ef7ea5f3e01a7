import type { PatternSpec } from './patterns/pattern-spec.ts';

/** JSON text of a value; text, because exact numbers and `__proto__` survive in it. */
export type ValueText = string;
/** A number as JSON text. */
export type NumberText = string;
/** Index of a unit: a schema that others refer to, or an entry. */
export type UnitIndex = number;

/**
 * A schema after every reference, dialect and dynamic scope is resolved: what is left is only what
 * to check. The generator turns it into source; the interpreter walks it to explain a failure.
 * Plain JSON, so that it travels inside a unit's source.
 */
export interface Shape {
  /** Numbered within its unit. */
  readonly id: number;
  never?: true;
  /** $ref and $dynamicRef, resolved. */
  refs?: UnitIndex[];
  types?: number;
  values?: ValueText[];
  constant?: ValueText;
  limits?: [rule: NumberRule, limit: NumberText][];
  multipleOf?: NumberText;
  minLength?: number;
  maxLength?: number;
  pattern?: PatternSpec;
  format?: string;
  /** The format is reported, not asserted. */
  isFormatReported?: true;
  /** A member that is passed over in this direction, whatever its value. */
  ignored?: true;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: true;
  prefixItems?: Shape[];
  items?: Shape;
  contains?: { shape: Shape; min: number; max?: number };
  unevaluatedItems?: Shape;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  dependentRequired?: [name: string, required: string[]][];
  properties?: PropertyShape[];
  patternProperties?: [pattern: PatternSpec, shape: Shape, forbidden?: Forbidden][];
  additionalProperties?: Shape;
  additionalForbidden?: Forbidden;
  propertyNames?: Shape;
  unevaluatedProperties?: Shape;
  dependentSchemas?: [name: string, shape: Shape][];
  allOf?: Shape[];
  anyOf?: Shape[];
  oneOf?: Shape[];
  not?: Shape;
  if?: Shape;
  then?: Shape;
  else?: Shape;
  discriminator?: DiscriminatorShape;
}

export type NumberRule = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';

/** The keyword by which a property may not be present in this direction. */
export type Forbidden = 'readOnly' | 'writeOnly';

export type PropertyShape = [name: string, shape: Shape, forbidden?: Forbidden];

export interface DiscriminatorShape {
  readonly property: string;
  /** Value → the schema it names; null where the value names this very schema. */
  readonly targets: [value: string, unit: UnitIndex | null][];
  /**
   * As authors mean it: the member may be missing, and the alternatives then decide alone; where it is
   * there, it has chosen, and that another alternative of `oneOf` fits, too, is no fault.
   */
  readonly isOptional?: true;
}

export const TYPE_BITS: Readonly<Record<string, number>> = {
  null: 1,
  boolean: 2,
  object: 4,
  array: 8,
  number: 16,
  string: 32,
  integer: 64,
};

/** Every integer is a number. */
export function withIntegers(types: number): number {
  return types & TYPE_BITS['number']! ? types | TYPE_BITS['integer']! : types;
}

/** Schemas applied to the same instance location, inline ones only. */
export function inPlaceChildren(shape: Shape): Shape[] {
  return [
    ...(shape.allOf ?? []),
    ...(shape.anyOf ?? []),
    ...(shape.oneOf ?? []),
    ...[shape.not, shape.if, shape.then, shape.else].filter((s) => s !== undefined),
    ...(shape.dependentSchemas ?? []).map(([, s]) => s),
  ];
}

/** Schemas applied to members, items or names. */
export function deeperChildren(shape: Shape): Shape[] {
  const single = [
    shape.items,
    shape.contains?.shape,
    shape.unevaluatedItems,
    shape.additionalProperties,
    shape.propertyNames,
    shape.unevaluatedProperties,
  ];
  return [
    ...single.filter((s) => s !== undefined),
    ...(shape.prefixItems ?? []),
    ...(shape.properties ?? []).map(([, s]) => s),
    ...(shape.patternProperties ?? []).map(([, s]) => s),
  ];
}

/** Units a shape names directly: in place (references, discriminated alternatives). */
export function linkedUnits(shape: Shape): UnitIndex[] {
  const alternatives = (shape.discriminator?.targets ?? []).map(([, unit]) => unit);
  return [...(shape.refs ?? []), ...alternatives.filter((unit) => unit !== null)];
}
