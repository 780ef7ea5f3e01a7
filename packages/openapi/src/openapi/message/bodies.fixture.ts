import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';

export const string = { type: 'string' };
export const integer = { type: 'integer' };
export const payment = {
  type: 'object',
  required: ['amount'],
  properties: { amount: integer, note: string },
};

export const FORM = 'application/x-www-form-urlencoded';

export function withBody(
  content: object,
  { required = true, rest = {}, strictProperties = false, settings = {} } = {},
) {
  return openOperation(
    { requestBody: { required, content } },
    { rest, strictProperties, settings },
  );
}

export function check(operation: ApiOperation, type: string, body: string | Uint8Array): string {
  const bytes = typeof body === 'string' ? utf8(body) : body;
  return told(operation.checkBody(headers('content-type', type), bytes, BOUNDS).violations);
}

export function expect(operation: ApiOperation, flat: string[], hasBody = true): string {
  const expectation = operation.expectBody(headers(...flat), hasBody);
  return expectation.kind === 'unsupported' ? told([expectation.violation]) : expectation.kind;
}
