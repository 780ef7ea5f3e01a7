import { BOUNDS, headers, openOperation, parts, utf8 } from '../testing.fixture.ts';
import type { MessageViolation } from '../types.ts';

/** Values in brackets (`style: deepObject`) in each place that may hold them. */

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

export interface Places {
  readonly query: (wire: string) => readonly MessageViolation[];
  readonly form: (wire: string) => readonly MessageViolation[];
  readonly multipart: (wire: string) => readonly MessageViolation[];
}

export function inBrackets(properties: Readonly<Record<string, object>>, openapi = '3.1.1') {
  const names = Object.keys(properties);
  const style = { style: 'deepObject', explode: true };
  const encoding = Object.fromEntries(names.map((name) => [name, style]));
  const media = { schema: { type: 'object', properties }, encoding };
  const rest = { rest: { openapi } };
  const query = openOperation(
    {
      parameters: names.map((name) => ({ name, in: 'query', schema: properties[name], ...style })),
    },
    rest,
  );
  const body = openOperation(
    { requestBody: { content: { [FORM]: media, [MULTIPART]: media } } },
    rest,
  );
  const checkBody = (type: string, text: string) =>
    body.checkBody(headers('content-type', type), utf8(text), BOUNDS).violations;
  return {
    query: (wire) => query.checkParameters(parts({ query: wire })),
    form: (wire) => checkBody(FORM, wire),
    multipart: (wire) => checkBody(`${MULTIPART}; boundary=XX`, asParts(wire)),
  } satisfies Places;
}

/** The pairs of a query as parts, in the same order. */
export function asParts(wire: string): string {
  const part = ([name, value]: readonly string[]) =>
    `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  return `${[...new URLSearchParams(wire)].map(part).join('')}--XX--\r\n`;
}

/** 'roles/0 enum', wherever it came. */
export function toldAlike(violations: readonly MessageViolation[]): string {
  return violations
    .map(({ name, pointer, rule }) => `${name === undefined ? '' : `/${name}`}${pointer} ${rule}`)
    .join('; ')
    .replaceAll(/(^|; )\//g, '$1');
}
