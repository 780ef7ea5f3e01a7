import type { Dialect, SchemaAddress } from '../json-schema/types.ts';

/** What one operation's checks need: plain data, part of the snapshot sent to the gateway threads. */
export interface OperationPlan {
  readonly template: readonly SegmentPlan[];
  readonly strictProperties: boolean;
  /** Query names that pass although no parameter describes them. */
  readonly allowedQuery?: readonly string[];
  /** A semicolon in a path value is data like any other. */
  readonly allowsSemicolons?: true;
  readonly dialect: Dialect;
  readonly parameters: readonly ParameterPlan[];
  readonly body: BodyPlan | null;
  readonly answers: readonly AnswerPlan[];
  /** Other descriptions of the same method on the same path: a call must fit one of all. */
  readonly variants?: readonly OperationPlan[];
}

/** A literal segment in canonical percent-encoding, or literals and names alternating. */
export type SegmentPlan =
  | { readonly literal: string }
  | {
      /** One more than names: before, between and after them. */
      readonly literals: readonly string[];
      readonly names: readonly string[];
    };

export type ParameterLocation = 'path' | 'query' | 'header' | 'cookie';

export type Style =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  | 'cookie';

/** How text becomes a value: by a style, or as a document of a media type. */
export type Serialization =
  | { readonly kind: 'style'; readonly style: Style; readonly explode: boolean }
  | { readonly kind: 'content'; readonly json: boolean };

export interface ParameterPlan {
  readonly in: ParameterLocation;
  readonly name: string;
  readonly required: boolean;
  readonly allowEmpty: boolean;
  readonly serialization: Serialization;
  readonly schema: SchemaAddress | null;
  readonly shape: Shape;
}

export type ShapeType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/**
 * What a schema says about types, gathered through references and combinators: enough to read
 * text as values. The validator, not the shape, decides what is accepted.
 */
export interface Shape {
  /** null: any. */
  readonly types: readonly ShapeType[] | null;
  readonly items?: Shape;
  readonly prefixItems?: readonly Shape[];
  readonly properties?: readonly (readonly [name: string, shape: Shape])[];
  /** Absent where additionalProperties is not stated. */
  readonly additional?: Shape | false;
  readonly binary?: boolean;
  /** Of its numbers, all are whole. */
  readonly isWhole?: true;
  /** It speaks of members or items in other words than `properties` and `items`, which would give it a type. */
  readonly saysOfParts?: true;
  /** How it is written in XML; 'mixed' where parts of the schema say different things of that. */
  readonly xml?: XmlNaming | 'mixed';
  /** Too deep or too large to be read to its end. */
  readonly isCut?: true;
}

/** OpenAPI's `xml` object. */
export interface XmlNaming {
  readonly name?: string;
  readonly namespace?: string;
  readonly prefix?: string;
  readonly attribute?: true;
  readonly wrapped?: true;
}

export interface BodyPlan {
  readonly required: boolean;
  readonly content: readonly MediaPlan[];
}

export interface MediaPlan {
  /** Lower-case 'type/subtype', either side possibly '*'. */
  readonly range: string;
  /** Parameters of the documented media type that tell types apart, lower-case names. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly schema: SchemaAddress | null;
  /** For text, XML and form data. */
  readonly shape?: Shape;
  /** For XML: the local name of the root element, where the schema or its component says it. */
  readonly rootName?: string;
  /** For form data: how properties are written that depart from the default. */
  readonly encoding?: readonly (readonly [property: string, encoding: EncodingPlan])[];
}

export interface EncodingPlan {
  readonly contentTypes?: readonly Pick<MediaPlan, 'range' | 'parameters'>[];
  /** Present where style, explode or allowReserved is written. */
  readonly style?: { readonly style: Style; readonly explode: boolean };
  readonly headers?: readonly HeaderPlan[];
}

export interface HeaderPlan {
  /** As it is described. */
  readonly name: string;
  readonly required: boolean;
  readonly serialization: Serialization;
  readonly schema: SchemaAddress | null;
  readonly shape: Shape;
}

export interface AnswerPlan {
  /** '200', '2XX' or 'default'. */
  readonly status: string;
  readonly headers: readonly HeaderPlan[];
  readonly content: readonly MediaPlan[];
}
