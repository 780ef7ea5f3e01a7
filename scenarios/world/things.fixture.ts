/** A small API for tests of the gate itself: one operation for every way a body can travel. */

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const anything = { 200: { description: 'ok', content: { 'application/octet-stream': {} } } };
const thing = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string', maxLength: 2_000_000 }, count: { type: 'integer' } },
};

export const things = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  security: [],
  components: {
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
  },
  paths: {
    '/things': {
      get: { responses: ok },
      head: { responses: { 200: { description: 'ok' } } },
      post: {
        requestBody: { required: true, content: { 'application/json': { schema: thing } } },
        responses: ok,
      },
    },
    '/things/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { responses: ok },
      put: {
        requestBody: { content: { 'application/json': { schema: thing } } },
        responses: ok,
      },
      delete: { responses: ok },
    },
    '/forms': {
      post: {
        requestBody: { content: { 'application/x-www-form-urlencoded': { schema: thing } } },
        responses: ok,
      },
    },
    '/parts': {
      post: {
        requestBody: { content: { 'multipart/form-data': { schema: thing } } },
        responses: ok,
      },
    },
    '/streams': {
      post: {
        requestBody: { content: { 'application/octet-stream': {} } },
        responses: anything,
      },
      get: { responses: anything },
    },
    '/mine': { get: { security: [{ key: [] }], responses: ok } },
  },
};

export const HEAD = 'Host: things.example\r\n';

/** A whole request with Host and Content-Length. */
export function request(method: string, target: string, fields = '', body = ''): string {
  const framing = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return `${method} ${target} HTTP/1.1\r\n${HEAD}${fields}${framing}\r\n${body}`;
}

export const JSON_TYPE = 'Content-Type: application/json\r\n';
