/** A description that uses every object and field of OpenAPI 3.0 and 3.1, and ways to change it. */

export type Path = readonly (string | number)[];
export type FieldType =
  | 'text'
  | 'flag'
  | 'number'
  | 'list'
  | 'map'
  | 'object'
  | 'schema'
  | 'values'
  | 'schemas'
  | 'names';
type Kind =
  | 'root'
  | 'components'
  | 'pathItem'
  | 'operation'
  | 'parameter'
  | 'header'
  | 'requestBody'
  | 'mediaType'
  | 'encoding'
  | 'response'
  | 'server'
  | 'securityScheme'
  | 'schema';

const documentation = { description: 'd', url: 'https://x.example' };

export function describeEverything(version: string): object {
  const is31 = version.startsWith('3.1');
  const pay = {
    title: 'Pay',
    description: 'd',
    type: 'object',
    required: ['amount'],
    minProperties: 1,
    maxProperties: 9,
    additionalProperties: false,
    properties: {
      amount: { type: 'integer', minimum: 1, maximum: 100, multipleOf: 1, example: 3 },
      note: { type: 'string', minLength: 1, maxLength: 9, pattern: '^[a-z]+$', default: 'a' },
      when: { type: 'string', format: 'date' },
      kind: { type: 'string', enum: ['a', 'b'] },
      list: {
        type: 'array',
        minItems: 1,
        maxItems: 3,
        uniqueItems: true,
        items: { type: 'string' },
      },
      id: { type: 'string', readOnly: true },
      code: { type: 'string', writeOnly: true },
      either: {
        oneOf: [{ type: 'integer' }, { type: 'string' }],
        anyOf: [{ type: 'integer' }, { maxLength: 4 }],
        allOf: [{ not: { enum: ['x'] } }],
      },
      other: { $ref: 'main.yaml#/components/schemas/Other' },
    },
    externalDocs: documentation,
  };
  const list = { type: 'array', items: { type: 'integer' } };
  const text = { type: 'string', maxLength: 5 };
  const parameter = (name: string, place: string, rest: object = {}) => ({
    name,
    in: place,
    description: 'd',
    deprecated: true,
    required: true,
    schema: text,
    example: 'a',
    ...rest,
  });
  const header = { description: 'd', required: true, schema: text, example: 'a' };
  const operation = {
    tags: ['t'],
    summary: 's',
    description: 'd',
    externalDocs: documentation,
    operationId: 'pay',
    deprecated: true,
    security: [{ key: [], oauth: ['pay'] }, { token: [] }],
    servers: [{ url: '/v2', description: 'd' }],
    parameters: [
      parameter('id', 'path', { style: 'matrix', explode: true }),
      parameter('list', 'query', { schema: list, style: 'pipeDelimited', explode: false }),
      parameter('raw', 'query', { allowReserved: true, allowEmptyValue: true, required: false }),
      parameter('X-Json', 'header', {
        schema: undefined,
        content: { 'application/json': { schema: text } },
      }),
      parameter('c', 'cookie', { examples: { one: { value: 'a' } }, example: undefined }),
    ],
    requestBody: {
      description: 'd',
      required: true,
      content: {
        'application/json': { schema: { $ref: 'main.yaml#/components/schemas/Pay' }, example: {} },
        'multipart/form-data': {
          schema: { type: 'object', properties: { list, part: { type: 'string' } } },
          encoding: {
            part: {
              contentType: 'text/plain',
              headers: { 'X-Part': header },
            },
            list: { style: 'spaceDelimited', explode: false, allowReserved: true },
          },
        },
      },
    },
    responses: {
      200: {
        description: 'd',
        headers: { 'X-Rate': header },
        content: { 'application/json': { schema: { $ref: 'main.yaml#/components/schemas/Pay' } } },
        links: { self: { operationId: 'pay', description: 'd' } },
      },
      default: { description: 'd' },
    },
    callbacks: {
      done: { '{$request.body#/url}': { post: { responses: { 200: { description: 'd' } } } } },
    },
    'x-poorter': { bodyBytesMax: 100 },
  };
  return JSON.parse(
    JSON.stringify({
      openapi: version,
      info: {
        title: 'Everything',
        version: '1',
        description: 'd',
        contact: { name: 'n' },
        license: { name: 'n' },
      },
      servers: [
        {
          url: 'https://x.example/{v}',
          description: 'd',
          variables: { v: { default: 'v1', enum: ['v1'] } },
        },
      ],
      security: [{ key: [] }],
      tags: [{ name: 't', description: 'd', externalDocs: documentation }],
      externalDocs: documentation,
      'x-poorter': { mode: 'enforce' },
      paths: {
        '/pay/{id}': {
          summary: 's',
          description: 'd',
          parameters: [parameter('shared', 'query')],
          servers: [{ url: '/v3' }],
          post: operation,
          get: {
            parameters: [parameter('id', 'path')],
            responses: { '2XX': { description: 'd' } },
          },
          'x-poorter': { response: 'block' },
        },
      },
      components: {
        schemas: {
          Pay: pay,
          Other: { type: 'object', properties: { a: { type: 'integer' } } },
        },
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'X-Key', description: 'd' },
          token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          oauth: {
            type: 'oauth2',
            flows: {
              authorizationCode: {
                authorizationUrl: 'https://x.example',
                tokenUrl: 'https://x.example',
                scopes: { pay: 'd' },
              },
            },
          },
        },
        ...(is31 ? { pathItems: {} } : {}),
      },
    }),
  ) as object;
}

/** Paths of every object and list. */
export function nodesOf(document: object): Path[] {
  const found: Path[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value !== 'object' || value === null) return;
    found.push(path);
    for (const [key, member] of Object.entries(value)) {
      visit(member, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  visit(document, []);
  return found;
}

export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce((value, key) => (value as Record<string, unknown>)[key], document);
}

export function withValueAt(document: object, path: Path, value: unknown): object {
  const [key, ...rest] = path;
  if (key === undefined) return value as object;
  const copy: Record<string, unknown> = Array.isArray(document)
    ? ([...document] as unknown as Record<string, unknown>)
    : { ...document };
  copy[key] = rest.length === 0 ? value : withValueAt(copy[key] as object, rest, value);
  return copy;
}

export function without(document: object, path: Path): object {
  const holder = path.slice(0, -1);
  const key = path.at(-1) as string | number;
  const value = valueAt(document, holder) as object;
  if (Array.isArray(value)) return withValueAt(document, holder, value.toSpliced(Number(key), 1));
  const { [key as string]: _, ...rest } = value as Record<string, unknown>;
  return withValueAt(document, holder, rest);
}

/** Maps whose members are called as the author likes. */
const NAME_MAPS = new Set(
  `paths responses content headers encoding properties schemas securitySchemes variables scopes callbacks
  links examples pathItems flows`.split(/\s+/),
);

export function isNameMap(path: Path): boolean {
  const [key, holder] = [path.at(-1), path.at(-2)];
  if (key === 'x-poorter' || isBelow(path, 'x-poorter')) return true;
  if (holder === 'security' || path.at(-2) === 'security') return true;
  return NAME_MAPS.has(String(key)) && !NAME_MAPS.has(String(holder));
}

export function kindAt(path: Path): Kind | undefined {
  if (isNameMap(path)) return undefined;
  const [key, holder] = [String(path.at(-1) ?? ''), String(path.at(-2) ?? '')];
  if (path.length === 0) return 'root';
  if (isSchema(path)) return 'schema';
  if (isBelow(path, 'callbacks') || isBelow(path, 'links') || isBelow(path, 'example'))
    return undefined;
  if (key === 'components') return 'components';
  if (holder === 'paths') return 'pathItem';
  if (path.length === 3 && ['get', 'post'].includes(key)) return 'operation';
  if (holder === 'parameters') return 'parameter';
  if (holder === 'headers') return 'header';
  if (key === 'requestBody') return 'requestBody';
  if (holder === 'content') return 'mediaType';
  if (holder === 'encoding') return 'encoding';
  if (holder === 'responses') return 'response';
  if (holder === 'servers') return 'server';
  if (holder === 'securitySchemes') return 'securityScheme';
  return undefined;
}

/** A schema, at its top or within. */
function isSchema(path: Path): boolean {
  const start = schemaStart(path);
  if (start < 0) return false;
  let rest = path.slice(start);
  while (rest.length > 0) {
    const [key, next, ...more] = rest;
    if (['properties', 'oneOf', 'anyOf', 'allOf'].includes(String(key)) && next !== undefined)
      rest = more;
    else if (['items', 'not'].includes(String(key))) rest = rest.slice(1);
    else return false;
  }
  return true;
}

function schemaStart(path: Path): number {
  if (path[0] === 'components' && path[1] === 'schemas' && path.length > 2) return 3;
  const index = path.indexOf('schema');
  return index < 0 ? -1 : index + 1;
}

export const isInSchema = (path: Path): boolean => {
  const start = schemaStart(path);
  return start >= 0 && path.length > start;
};

const isBelow = (path: Path, name: string): boolean => path.slice(0, -1).includes(name);

/** Published tools resolve references in these places. */
export function mustResolve(path: Path, document: object): boolean {
  const [key, holder] = [String(path.at(-1)), String(path.at(-2) ?? '')];
  if (isBelow(path, 'callbacks') || isBelow(path, 'links') || isBelow(path, 'x-poorter'))
    return false;
  if (isInSchema(path) || isBelow(path, 'variables') || isBelow(path, 'example')) return false;
  if (kindAt(path) !== undefined) return true;
  const containers =
    `paths schemas securitySchemes responses content headers encoding parameters servers
    security flows`.split(/\s+/);
  return (containers.includes(key) || holder === 'security') && document !== undefined;
}

const TYPES: Readonly<Partial<Record<Kind, Readonly<Record<string, FieldType>>>>> = {
  root: { paths: 'map', components: 'object', servers: 'list', security: 'list' },
  components: { schemas: 'map', securitySchemes: 'map' },
  pathItem: {
    parameters: 'list',
    servers: 'list',
    post: 'object',
    get: 'object',
    'x-poorter': 'object',
  },
  operation: {
    parameters: 'list',
    requestBody: 'object',
    responses: 'map',
    security: 'list',
    servers: 'list',
    'x-poorter': 'object',
  },
  parameter: {
    name: 'text',
    in: 'text',
    required: 'flag',
    schema: 'schema',
    content: 'map',
    style: 'text',
    explode: 'flag',
    allowEmptyValue: 'flag',
  },
  header: { required: 'flag', schema: 'schema' },
  requestBody: { content: 'map', required: 'flag' },
  mediaType: { schema: 'schema', encoding: 'map' },
  encoding: { contentType: 'text', headers: 'map', style: 'text', explode: 'flag' },
  response: { headers: 'map', content: 'map' },
  server: { url: 'text' },
  securityScheme: { type: 'text', name: 'text', in: 'text', scheme: 'text' },
  schema: {
    type: 'text',
    required: 'names',
    minProperties: 'number',
    maxProperties: 'number',
    properties: 'map',
    additionalProperties: 'schema',
    minimum: 'number',
    maximum: 'number',
    multipleOf: 'number',
    minLength: 'number',
    maxLength: 'number',
    pattern: 'text',
    format: 'text',
    enum: 'values',
    minItems: 'number',
    maxItems: 'number',
    uniqueItems: 'flag',
    items: 'schema',
    readOnly: 'flag',
    writeOnly: 'flag',
    oneOf: 'schemas',
    anyOf: 'schemas',
    allOf: 'schemas',
    not: 'schema',
    $ref: 'text',
  },
};

export function fieldType(path: Path, key: string): FieldType | undefined {
  const kind = kindAt(path);
  return kind === undefined ? undefined : TYPES[kind]?.[key];
}

/** Fields that enforce something where they belong, and objects in which they say nothing. */
export const ENFORCING_SAMPLES: readonly (readonly [
  field: string,
  sample: unknown,
  harmlessIn: readonly Kind[],
])[] = [
  ['security', [{ token: [] }], []],
  [
    'parameters',
    [{ name: 'q', in: 'query', required: true, schema: { type: 'integer' } }],
    ['components'],
  ],
  ['requestBody', { required: true, content: {} }, []],
  ['responses', { 200: { description: '' } }, ['root', 'components']],
  ['securitySchemes', { a: { type: 'http', scheme: 'basic' } }, []],
  ['schema', { type: 'integer' }, []],
  ['content', { 'application/json': { schema: { type: 'integer' } } }, []],
  ['required', true, ['parameter', 'header', 'requestBody', 'schema']],
  ['style', 'form', ['parameter', 'header', 'encoding']],
  ['explode', true, ['parameter', 'header', 'encoding']],
  ['encoding', {}, ['encoding', 'mediaType', 'schema']],
  ['contentType', 'text/plain', []],
  ['headers', { 'X-A': { required: true, schema: {} } }, ['components']],
  ['in', 'query', ['header', 'schema', 'securityScheme']],
  ['scheme', 'bearer', ['securityScheme', 'schema']],
  ['flows', {}, ['securityScheme']],
  ['scopes', ['pay'], []],
  ['components', {}, []],
  ['paths', {}, []],
  ['servers', [{ url: '/x' }], []],
  ['maxLength', 3, []],
  ['pattern', '^a$', []],
  ['additionalProperties', false, ['schema']],
  ['readOnly', true, ['schema']],
  ['authorization', true, ['schema']],
  ['requireAuth', true, ['schema']],
  ['roles', ['admin'], ['schema']],
  ['rateLimit', 5, ['schema']],
  ['stranger', { a: 1 }, ['schema', 'root']],
  ['other', { security: [{ key: [] }] }, ['schema']],
];
