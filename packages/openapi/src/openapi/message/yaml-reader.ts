import type { JsonBounds } from '../../json/index.ts';
import type { Refusal } from '../decode/read-field.ts';

/** RFC 9512, and the names in use before it. */
const YAML = /\/(?:[\w!#$&^.+-]*[.+-])?ya?ml$/;

export function isYamlType(type: string): boolean {
  return YAML.test(type);
}

/** As JSON: what YAML 1.2 says, and each other reading that some services have. */
export type YamlTexts = readonly [string, ...string[]];

/** Those in a body that are not in quotes, each known by its pointer. */
export interface YamlDates {
  /** The body with texts that are no dates in the places of all but these. */
  without(kept: ReadonlySet<string>): string;
  /** With these as they are written, in each reading. */
  texts(written: ReadonlySet<string>): YamlTexts;
}

export type YamlReading =
  | {
      readonly ok: true;
      readonly texts: YamlTexts;
      /** Undefined where there are none. */
      readonly dates: YamlDates | undefined;
    }
  | { readonly ok: false; readonly refusal: Refusal };

export type ReadYaml = (bytes: Uint8Array, bounds: JsonBounds) => YamlReading;

/** The reader brings a library that few processes need: it is loaded where a description has use for it. */
let loaded: ReadYaml | undefined;
let loading: Promise<void> | undefined;

/** Undefined until it is loaded, which this begins: bodies that nobody can read yet are refused. */
export function yamlReader(): ReadYaml | undefined {
  // Whether it fails is told to who waits for it.
  if (loaded === undefined) loadYamlReader().catch(() => {});
  return loaded;
}

export function loadYamlReader(): Promise<void> {
  loading ??= import('./yaml-body.ts').then(
    ({ readYaml }) => haveYamlReader(readYaml),
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** Of whoever has it loaded for reasons of its own. */
export function haveYamlReader(readYaml: ReadYaml): void {
  loaded = readYaml;
}
