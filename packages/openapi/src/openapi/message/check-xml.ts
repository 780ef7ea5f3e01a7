import type { JsonBounds } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import { Draft } from '../decode/draft.ts';
import type { Refusal } from '../decode/read-field.ts';
import type { MediaPlan } from '../plan.ts';
import type { BodyCheck } from '../types.ts';
import { conclude, refused, withListedAlone } from './check-form.ts';
import { readXml, type XmlElement } from './read-xml.ts';
import { XmlValue } from './xml-value.ts';

/**
 * What a description says of an XML body: a document by the rules of the `xml` object, a text to hold
 * against the schema as it stands, any bytes, or nothing that could be enforced.
 */
export function xmlContent(plan: MediaPlan): 'document' | 'text' | 'bytes' | 'undescribed' {
  const { schema, shape, rootName } = plan;
  if (schema === null || shape === undefined) return 'undescribed';
  if (shape.binary) return 'bytes';
  if (shape.types === null || shape.xml === 'mixed') return 'undescribed';
  if (shape.xml === undefined && shape.types.every((type) => type === 'string')) return 'text';
  return rootName === undefined ? 'undescribed' : 'document';
}

/**
 * Read whatever is described, so that no parser behind us is led astray; then held against it.
 * `refusalOf`: what stands against a name that the schema does not list, in a request.
 */
export function checkXml(
  plan: MediaPlan,
  validator: Validator | null,
  strict: boolean,
  bytes: Uint8Array,
  bounds: JsonBounds,
  refusalOf?: (name: string) => Refusal | undefined,
): BodyCheck {
  const reading = readXml(bytes, bounds);
  if (!reading.ok) return refused({ rule: reading.rule, pointer: '' });
  const content = xmlContent(plan);
  switch (content) {
    case 'document':
      return withoutNamesOfOthers(
        checkDocument(plan, validator, strict, reading.root),
        validator,
        refusalOf,
      );
    case 'text': {
      const refusal = refusalAtTop(reading.root, refusalOf);
      if (refusal !== undefined) return refused(refusal);
      const draft = new Draft();
      draft.putTop([reading.text]);
      return { ...conclude(draft, validator, false), value: undefined };
    }
    case 'bytes': {
      const refusal = refusalAtTop(reading.root, refusalOf);
      return refusal === undefined ? { violations: [], value: undefined } : refused(refusal);
    }
    case 'undescribed':
      return refused({ rule: 'undescribed', pointer: '' });
    default:
      return content satisfies never;
  }
}

/** Attributes that nobody describes are members whose names begin with '@'. */
function withoutNamesOfOthers(
  checked: BodyCheck,
  validator: Validator | null,
  refusalOf: ((name: string) => Refusal | undefined) | undefined,
): BodyCheck {
  if (refusalOf === undefined) return checked;
  return withListedAlone(checked, validator, (name) => refusalOf(name.replace(/^@/, '')));
}

/** Where nobody describes members: of the root and what stands directly in it, by their names. */
function refusalAtTop(
  { local, attributes, children }: XmlElement,
  refusalOf: ((name: string) => Refusal | undefined) | undefined,
): Refusal | undefined {
  if (refusalOf === undefined) return undefined;
  for (const name of [local, ...[...attributes, ...children].map((part) => part.local)]) {
    const refusal = refusalOf(name);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function checkDocument(
  plan: MediaPlan,
  validator: Validator | null,
  strict: boolean,
  root: XmlElement,
): BodyCheck {
  const checkWith = (fillsLists: boolean): BodyCheck => {
    const draft = new Draft();
    const value = new XmlValue(draft, fillsLists);
    const readings = value.readRoot(root, plan.rootName as string, plan.shape ?? { types: null });
    if ('rule' in readings) return refused(readings);
    draft.putTop(readings.readings);
    return conclude(draft, validator, strict);
  };
  const checked = checkWith(false);
  // A list without a wrapper and without items leaves no trace: where it is required, it is there.
  if (!checked.violations.some(({ rule }) => rule === 'required')) return checked;
  const filled = checkWith(true);
  return filled.violations.some(({ isRemark }) => !isRemark) ? checked : filled;
}
