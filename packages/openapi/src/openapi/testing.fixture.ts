import { Buffer } from 'node:buffer';
import { HeaderFields } from '../header-fields/header-fields.ts';
import type { JsonBounds } from '../json/index.ts';
import { asWritten, compileApi, openApi } from './index.ts';
import type {
  ApiCompilation,
  ApiOperation,
  CompileApiOptions,
  MessageViolation,
  RequestParts,
} from './types.ts';

/** What tests share: a description in few words, a call in one line. */

export const BOUNDS: JsonBounds = { depthMax: 50, stringLengthMax: 100_000, itemsMax: 10_000 };

export function compile(
  document: unknown,
  options: Partial<CompileApiOptions> & { files?: Readonly<Record<string, string>> } = {},
): ApiCompilation {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const { files = {}, ...rest } = options;
  return compileApi(
    { uri: 'file:///api/main.yaml', text },
    {
      read: (uri) => {
        const content = files[uri];
        if (content === undefined) throw new Error(`no file ${uri}`);
        return content;
      },
      readExtension: asWritten,
      strictProperties: false,
      ...rest,
    },
  );
}

const EXTENSION: Readonly<Record<string, (value: unknown) => boolean>> = {
  mode: (value) => value === 'enforce' || value === 'observe',
  response: (value) => value === 'report' || value === 'redact' || value === 'block',
  bodyBytesMax: Number.isSafeInteger,
  reading: (value) => value === 'meant' || value === 'strict',
  readOnlyMembers: (value) => value === 'ignore' || value === 'refuse',
  formats: (value) => value === 'enforce' || value === 'report',
  allowUndocumentedQuery: Array.isArray,
};

/** An `x-poorter` as strict as that of the gate, of a few members. */
export const readExtension: CompileApiOptions['readExtension'] = (value) => {
  const problems = Object.entries(value)
    .filter(([key, member]) => EXTENSION[key]?.(member) !== true)
    .map(([key]) => ({ pointer: `/${key}`, message: `nothing is called '${key}'` }));
  return problems.length === 0 ? { value } : { problems };
};

export function describeApi(paths: unknown, rest: object = {}): object {
  return { openapi: '3.1.1', info: { title: 'Test', version: '1' }, paths, ...rest };
}

export function open(document: unknown, options: Partial<CompileApiOptions> = {}) {
  const compilation = compile(document, options);
  if (!compilation.ok) throw new Error(JSON.stringify(compilation.errors, null, 1));
  return openApi(structuredClone(compilation.api));
}

/** A one-operation API around these parts. */
export function openOperation(
  operation: object,
  {
    path = '/x',
    method = 'post',
    rest = {},
    strictProperties = false,
    settings = {} as Partial<CompileApiOptions>,
  } = {},
): ApiOperation {
  const document = describeApi(
    { [path]: { [method]: { responses: { 200: { description: '' } }, ...operation } } },
    rest,
  );
  const [first] = open(document, { strictProperties, ...settings }).operations;
  if (first === undefined) throw new Error('no operation');
  return first;
}

export function parts(some: Partial<RequestParts> = {}): RequestParts {
  return { pathValues: [], query: '', headers: new HeaderFields([]), ...some };
}

export function headers(...flat: string[]): HeaderFields {
  return new HeaderFields(flat);
}

/** 'query ids/0 type': compact enough for a table. */
export function told(violations: readonly MessageViolation[]): string {
  return violations
    .map(({ in: location, name = '', pointer, rule }) => `${location} ${name}${pointer} ${rule}`)
    .join('; ');
}

export function codes(compilation: ApiCompilation): string[] {
  const errors = compilation.ok ? [] : compilation.errors;
  return [...errors, ...compilation.warnings].map(
    ({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`,
  );
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
