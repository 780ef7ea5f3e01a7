import { KEYWORD_FORMS } from '../../json-schema/index.ts';

export const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const DOCUMENTED = ['description', 'externalDocs'];
const EXAMPLED = ['example', 'examples'];
const SERIALIZED = ['style', 'explode', 'allowReserved'];

/** The fields of each OpenAPI object that is read here, 3.0 to 3.2. */
export const KNOWN_FIELDS = {
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

/**
 * Told to people, or to other machines than this one: whatever stands in these fields, and wherever
 * they stand, the same calls pass.
 */
const DOCUMENTATION = new Set(
  `summary description externalDocs tags operationId deprecated example examples links callbacks
  webhooks info title version contact license termsOfService default authorizationUrl
  deviceAuthorizationUrl tokenUrl refreshUrl oauth2MetadataUrl identifier email
  name id label comment comments note notes remark remarks host basePath schemes openapi $self
  $comment $schema jsonSchemaDialect displayName`
    .split(/\s+/)
    .map(plain),
);

/** In these objects `name` and `in` say what is checked, and where. */
const NAMED: readonly ObjectKind[] = ['parameter', 'securityScheme'];

export function isDocumentation(kind: ObjectKind, field: string): boolean {
  if (field === 'name' && NAMED.includes(kind)) return false;
  // A header is what it is by its place and key.
  if (kind === 'header' && field === 'in') return true;
  return DOCUMENTATION.has(plain(field));
}

/** Fields of any object, and keywords of schemas, by which something is checked or refused. */
export const ENFORCING: ReadonlySet<string> = new Set(
  [
    ...Object.entries(KNOWN_FIELDS).flatMap(([kind, fields]) =>
      fields.filter((field) => !isDocumentation(kind as ObjectKind, field)),
    ),
    ...Object.keys(KEYWORD_FORMS),
    ...'$ref nullable readOnly writeOnly consumes produces securityDefinitions definitions collectionFormat'.split(
      ' ',
    ),
  ].filter((field) => !DOCUMENTATION.has(plain(field))),
);

/** Words by which an author speaks of protection, in a field that OpenAPI does not know. */
const PROTECTIVE = new Set(
  `access accept accepted acl admin admins allow allowed anonymous api apikey assert audience
  authenticate authenticated authentication authn auth authorise authorize authorization authorized
  authorizer authz basic bearer blacklist block blocklist body bytes cert certificate check checks cidr
  claim claims client clients consent content cookie cookies cors credential credentials csrf deny
  denied encrypt encrypted encryption enforce expire expires expiry filter firewall forbid forbidden
  gateway grant grants group groups guard guards header headers internal ip ips issuer jwt key keys
  length level limit limiter limits limiting login mandatory max maximum media method methods middleware min
  minimum mtls mutual network networks oauth oauth2 oidc only openid optional origin origins owner
  param parameter parameters params password path paths permission permissions permit permitted pii
  plugin policies policy private privilege privileges protect protected protection public quota
  quotas range rate regex reject request requests require required requires response responses
  restrict restricted role roles rule rules safe sanitize schema schemas scheme scope scopes secret
  secure secured security sensitive session sign signature signed size strict tenant throttle
  throttling timeout tls token tokens trust trusted user users valid validate validation validator
  verb verbs verify visibility waf whitelist allowlist type types format pattern values`.split(
    /\s+/,
  ),
);

/** `requireAuth`, `rate_limit`, `IPs`: some word of the name speaks of protection. */
export function soundsProtective(field: string): boolean {
  const words = field.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.split(/[^a-z0-9]+/).some((word) => PROTECTIVE.has(word));
}

/** The letters of a name, however it is cased and joined. */
export function plain(field: string): string {
  return field.toLowerCase().replaceAll(/[\s_-]/g, '');
}
