import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';

/** What services read in the names of fields, in forms, multipart bodies and queries alike. */

export const amount = { type: 'integer', minimum: 1, maximum: 100 };
export const pay = {
  type: 'object',
  required: ['amount'],
  properties: { amount, note: { type: 'string', maxLength: 10 } },
};
export const optional = { ...pay, required: [] };
export const FORM = 'application/x-www-form-urlencoded';
export const MULTIPART = 'multipart/form-data; boundary=XX';

export const withForm = (schema: object, encoding = {}) =>
  openOperation({
    requestBody: { content: { [FORM]: { schema, encoding }, 'multipart/form-data': { schema } } },
  });

export const check = (operation: ApiOperation, type: string, body: string) =>
  told(operation.checkBody(headers('content-type', type), utf8(body), BOUNDS).violations);

export const multipart = (
  ...fields: readonly (readonly [disposition: string, content: string])[]
) =>
  `${fields
    .map(
      ([head, content]) => `--XX\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`,
    )
    .join('')}--XX--\r\n`;
