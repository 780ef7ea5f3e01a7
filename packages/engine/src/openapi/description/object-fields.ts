import { didYouMean, nearest } from '../document/nearest.ts';
import { isFields } from '../document/pointer.ts';
import { child, type Place, type Remarks } from '../document/remarks.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const DOCUMENTED = ['description', 'externalDocs'];
const EXAMPLED = ['example', 'examples'];
const SERIALIZED = ['style', 'explode', 'allowReserved'];

/** The fields of each OpenAPI object, 3.0 to 3.2. */
const KNOWN_FIELDS = {
  root: [
    'openapi',
    '$self',
    'info',
    'jsonSchemaDialect',
    'servers',
    'paths',
    'webhooks',
    'components',
    'security',
    'tags',
    'externalDocs',
  ],
  components: [
    'schemas',
    'responses',
    'parameters',
    'examples',
    'requestBodies',
    'headers',
    'securitySchemes',
    'links',
    'callbacks',
    'pathItems',
    'mediaTypes',
  ],
  pathItem: [
    '$ref',
    'summary',
    'description',
    'servers',
    'parameters',
    'query',
    'additionalOperations',
    ...METHODS,
  ],
  operation: [
    'tags',
    'summary',
    ...DOCUMENTED,
    'operationId',
    'parameters',
    'requestBody',
    'responses',
    'callbacks',
    'deprecated',
    'security',
    'servers',
  ],
  parameter: [
    'name',
    'in',
    'description',
    'required',
    'deprecated',
    'allowEmptyValue',
    'schema',
    'content',
    ...SERIALIZED,
    ...EXAMPLED,
  ],
  header: [
    'description',
    'required',
    'deprecated',
    'allowEmptyValue',
    'schema',
    'content',
    ...SERIALIZED,
    ...EXAMPLED,
  ],
  requestBody: ['description', 'content', 'required'],
  mediaType: ['schema', 'itemSchema', 'encoding', 'prefixEncoding', 'itemEncoding', ...EXAMPLED],
  encoding: ['contentType', 'headers', 'encoding', 'prefixEncoding', 'itemEncoding', ...SERIALIZED],
  response: ['summary', 'description', 'headers', 'content', 'links'],
  server: ['url', 'name', 'description', 'variables'],
  securityScheme: [
    'type',
    'description',
    'name',
    'in',
    'scheme',
    'bearerFormat',
    'flows',
    'openIdConnectUrl',
    'oauth2MetadataUrl',
    'deprecated',
  ],
} as const satisfies Record<string, readonly string[]>;

export type ObjectKind = keyof typeof KNOWN_FIELDS;

/** Fields that enforce something: a misspelt one would silently enforce less. */
const ENFORCING = new Set([
  'paths',
  'components',
  'securitySchemes',
  'security',
  'parameters',
  'requestBody',
  'requestBodies',
  'responses',
  'schema',
  'schemas',
  'content',
  'required',
  'name',
  'in',
  'style',
  'explode',
  'encoding',
  'contentType',
  'headers',
  '$ref',
]);

/** Fields of Swagger 2.0 that meant enforcement there. */
const LEFTOVERS: Readonly<Record<string, string>> = {
  type: "move it under 'schema'",
  format: "move it under 'schema'",
  enum: "move it under 'schema'",
  items: "move it under 'schema'",
  pattern: "move it under 'schema'",
  minimum: "move it under 'schema'",
  maximum: "move it under 'schema'",
  minLength: "move it under 'schema'",
  maxLength: "move it under 'schema'",
  properties: "move it under 'schema'",
  collectionFormat: "write 'style' and 'explode'",
  definitions: "move it to 'components.schemas'",
  securityDefinitions: "move it to 'components.securitySchemes'",
  consumes: "list media types under 'requestBody.content'",
  produces: "list media types under 'responses.*.content'",
};
const LEFTOVER_IN: readonly ObjectKind[] = [
  'root',
  'operation',
  'parameter',
  'header',
  'mediaType',
  'response',
  'requestBody',
];

/** True where the place holds an object; its unknown fields are remarked on. */
export function checkFields(
  place: Place,
  kind: ObjectKind,
  remarks: Remarks,
  options: { extensible?: boolean } = {},
): boolean {
  if (!isFields(place.value)) {
    remarks.error(
      'wrong-type',
      place,
      `expected an object (${kind}), found ${nameOf(place.value)}`,
    );
    return false;
  }
  const known: readonly string[] = KNOWN_FIELDS[kind];
  for (const key of Object.keys(place.value)) {
    if (known.includes(key)) continue;
    if (key.toLowerCase().startsWith('x-')) checkExtensionKey(place, key, remarks, options);
    else if (isUpperCaseMethod(kind, key)) continue;
    else checkUnknownField(place, kind, key, remarks);
  }
  return true;
}

function isUpperCaseMethod(kind: ObjectKind, key: string): boolean {
  return kind === 'pathItem' && METHODS.includes(key.toLowerCase());
}

function checkUnknownField(place: Place, kind: ObjectKind, key: string, remarks: Remarks): void {
  const known: readonly string[] = KNOWN_FIELDS[kind];
  const at = child(place, key);
  if (LEFTOVER_IN.includes(kind) && Object.hasOwn(LEFTOVERS, key)) {
    // Schemas that references reach are enforced wherever they stand.
    const severity = kind === 'root' && key === 'definitions' ? 'warn' : 'error';
    remarks[severity](
      'swagger-leftover',
      at,
      `'${key}' is not a field of an OpenAPI 3 ${kind} object and by itself enforces nothing`,
      LEFTOVERS[key],
    );
    return;
  }
  const meant = nearest(key, known);
  const message = `'${key}' is not a field of an OpenAPI ${kind} object`;
  if (meant !== undefined && ENFORCING.has(meant) && !isCoincidence(place, meant)) {
    remarks.error('misspelt-field', at, message, `did you mean '${meant}'?`);
  } else {
    remarks.warn('unknown-field', at, message, didYouMean(key, known));
  }
}

/** Almost every short word is one letter away from `in`; where `in` itself stands, nothing was lost. */
function isCoincidence(place: Place, meant: string): boolean {
  return meant.length <= 4 && Object.hasOwn(place.value as object, meant);
}

function checkExtensionKey(
  place: Place,
  key: string,
  remarks: Remarks,
  { extensible = false }: { extensible?: boolean },
): void {
  // Somebody else's extension may be called nearly like ours; one letter off it is a slip.
  const isOurs = key.toLowerCase().startsWith('x-poorter') || nearest(key, ['x-poorter'], 1);
  if (!isOurs || (key === 'x-poorter' && extensible)) return;
  if (key === 'x-poorter') {
    remarks.error(
      'misplaced-extension',
      child(place, key),
      "'x-poorter' means nothing here",
      'put it at the root, in a path item or in an operation',
    );
  } else {
    remarks.error(
      'unknown-extension',
      child(place, key),
      `'${key}' is not an extension this gateway knows`,
      "did you mean 'x-poorter'?",
    );
  }
}

export function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
