import { ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import { xmlContent } from '../message/check-xml.ts';
import type { MediaPlan } from '../plan.ts';
import { readShape } from './read-shape.ts';
import type { Reading } from './reading.ts';

/** What a description says of an XML body, read by the rules of its `xml` objects. */
export function readXmlContent(
  place: Place,
  range: string,
  direction: 'request' | 'response',
  reading: Reading,
): Pick<MediaPlan, 'schema' | 'shape' | 'rootName'> {
  const at = reading.member(place, 'schema');
  const plan = at.value === undefined ? { schema: null } : describe(at, direction, reading);
  if (xmlContent({ range, parameters: [], ...plan }) === 'undescribed') {
    const told =
      direction === 'request'
        ? `${range} bodies are refused: the schema does not say how they are written`
        : `${range} bodies are not read: the schema does not say how they are written`;
    const suggestion =
      "give it a type and 'xml: { name: … }' for the root element, or 'type: string, format: binary' for any XML";
    const isSaid = direction === 'request' || plan.schema !== null;
    if (isSaid) {
      const where = plan.schema === null ? place : child(place, 'schema');
      reading.remarks.warn('unenforceable-schema', where, told, suggestion);
    }
  }
  return plan;
}

function describe(
  at: Place,
  direction: 'request' | 'response',
  reading: Reading,
): Pick<MediaPlan, 'schema' | 'shape' | 'rootName'> {
  const schema = reading.schema(at, direction);
  const shape = readShape(at, reading, { isXml: true });
  const own = shape.xml === 'mixed' ? undefined : shape.xml?.name;
  const rootName = own ?? componentName(ownMember(at.value, '$ref'));
  return { schema, shape, ...(rootName === undefined ? {} : { rootName }) };
}

/** OpenAPI: a component that names no element is called as itself. */
function componentName(reference: unknown): string | undefined {
  if (typeof reference !== 'string') return undefined;
  return /#\/components\/schemas\/([A-Za-z0-9._-]+)$/.exec(reference)?.[1];
}
