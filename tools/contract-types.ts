import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';

/**
 * TypeScript of the admin API's contract: a type for each schema, and for each operation what it takes and
 * what it answers. What this cannot say exactly stops it, so that no type says more than the contract.
 */
export function contractTypes(text: string): string {
  const contract = parse(text) as Contract;
  const { schemas } = contract.components;
  const types = Object.entries(schemas).map(
    ([name, schema]) => `${explained(schema)}export type ${name} = ${typeOf(schema, '')};\n`,
  );
  const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [operationOf(contract, path, item, method, operation)];
    }),
  );
  const routes = operations.map(
    ({ id, method, path }) => `  ${id}: { method: '${method}', path: '${path}' },\n`,
  );
  return [
    '// Of contract/admin.openapi.yaml, by `npm run generate`: changed there, and nowhere else.\n\n',
    types.join('\n'),
    '\n/** What each operation takes, and what it answers when it is done, by status. */\n',
    `export interface Operations {\n${operations.map(({ type }) => type).join('')}}\n`,
    '\n/** Where each operation is. */\n',
    `export const operations = {\n${routes.join('')}} as const;\n`,
  ].join('');
}

interface Reference {
  readonly $ref?: string;
}

interface Schema extends Reference {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

interface Parameter extends Reference {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Answer extends Reference {
  readonly content?: Content;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

type Item = { readonly parameters?: readonly Parameter[] } & {
  readonly [Method in (typeof METHODS)[number]]?: Operation;
};

interface Contract {
  readonly paths: Readonly<Record<string, Item>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Words about values that TypeScript has no types for; the gate refuses by them. */
const UNTYPED = new Set([
  ...[
    'description',
    'default',
    'format',
    'pattern',
    'minLength',
    'maxLength',
    'minimum',
    'maximum',
  ],
  ...['minItems', 'maxItems', 'uniqueItems', 'minProperties'],
]);
const TYPED = new Set([
  ...['$ref', 'type', 'enum', 'anyOf', 'items', 'properties', 'required', 'additionalProperties'],
]);

function operationOf(
  contract: Contract,
  path: string,
  item: Item,
  method: (typeof METHODS)[number],
  { operationId, summary, parameters = [], requestBody, responses }: Operation,
): { readonly id: string; readonly method: string; readonly path: string; readonly type: string } {
  const all = [...(item.parameters ?? []), ...parameters].map((one) =>
    resolved(one, contract.components.parameters),
  );
  const answers = Object.entries(responses).flatMap(([status, answer]) => {
    if (status === 'default') return [];
    const { content } = resolved(answer, contract.components.responses);
    return [`      readonly ${status}: ${contentType(content, operationId, '      ')};\n`];
  });
  const bodyType = requestBody && contentType(requestBody.content, operationId, '    ');
  const body = bodyType && `${bodyType}${requestBody?.required ? '' : ' | undefined'}`;
  const lines = [
    ...(['path', 'query', 'header'] as const).map(
      (place) => `    readonly ${place}: ${membersOf(all.filter((one) => one.in === place))};\n`,
    ),
    `    readonly body: ${body ?? 'undefined'};\n`,
    `    readonly answers: {\n${answers.join('')}    };\n`,
  ];
  const said = summary === undefined ? '' : `  /** ${summary} */\n`;
  const type = `${said}  readonly ${operationId}: {\n${lines.join('')}  };\n`;
  return { id: operationId, method: method.toUpperCase(), path, type };
}

function membersOf(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return 'Readonly<Record<never, never>>';
  const members = parameters.map(
    ({ name, required, schema }) =>
      `      readonly ${key(name)}${required ? '' : '?'}: ${typeOf(schema, '      ')};\n`,
  );
  return `{\n${members.join('')}    }`;
}

/** Of every media type the same, or it is not said here. */
function contentType(content: Content | undefined, place: string, indent: string): string {
  const [first, ...others] = Object.values(content ?? {}).map(({ schema }) => schema);
  if (first === undefined) throw new Error(`${place}: an answer or body without content`);
  if (!others.every((other) => isDeepStrictEqual(other, first))) {
    throw new Error(`${place}: media types that differ in more than their name`);
  }
  return typeOf(first, indent);
}

function typeOf(schema: Schema, indent: string): string {
  const unknown = Object.keys(schema).filter((word) => !TYPED.has(word) && !UNTYPED.has(word));
  if (unknown.length > 0) throw new Error(`no types for ${unknown.join(', ')}`);
  const { $ref, enum: words, anyOf, type } = schema;
  if ($ref !== undefined) return named($ref, 'schemas');
  if (words !== undefined) return words.map((word) => literal(word)).join(' | ');
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(one, indent)).join(' | ');
  const kinds = typeof type === 'string' ? [type] : (type ?? []);
  if (kinds.length === 0) throw new Error(`a schema without a type: ${JSON.stringify(schema)}`);
  return kinds.map((kind) => kindOf(kind, schema, indent)).join(' | ');
}

function kindOf(kind: string, schema: Schema, indent: string): string {
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'null':
      return kind;
    case 'integer':
    case 'number':
      return 'number';
    case 'array': {
      const item = schema.items === undefined ? 'unknown' : typeOf(schema.items, indent);
      return `readonly ${item.includes(' | ') && !item.startsWith('{') ? `(${item})` : item}[]`;
    }
    case 'object':
      return objectType(schema, indent);
    default:
      throw new Error(`no type for ${kind}`);
  }
}

function objectType({ properties, required = [] }: Schema, indent: string): string {
  if (properties === undefined) return 'object';
  const members = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?';
    const type = typeOf(schema, `${indent}  `);
    return `${explained(schema, `${indent}  `)}${indent}  readonly ${key(name)}${mark}: ${type};\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}

function explained({ description }: Schema, indent = ''): string {
  return description === undefined ? '' : `${indent}/** ${description.trim()} */\n`;
}

function resolved<Kind extends Reference>(one: Kind, known: Readonly<Record<string, Kind>>): Kind {
  if (one.$ref === undefined) return one;
  const found = known[one.$ref.slice(one.$ref.lastIndexOf('/') + 1)];
  if (found === undefined) throw new Error(`nothing is at ${one.$ref}`);
  return found;
}

function named(reference: string, kind: string): string {
  const start = `#/components/${kind}/`;
  if (reference.startsWith(start)) return reference.slice(start.length);
  throw new Error(`a reference elsewhere: ${reference}`);
}

function literal(word: string | number | boolean): string {
  return typeof word === 'string' ? `'${word}'` : String(word);
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}
