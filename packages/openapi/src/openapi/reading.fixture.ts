import assert from 'node:assert/strict';
import { openApi, packApi, unpackApi } from './index.ts';
import { compile, readExtension } from './testing.fixture.ts';
import type { CompileApiOptions } from './types.ts';

export const answer = { responses: { 200: { description: '' } } };

/** The first operation of a description, as the gateway's threads have it, and what was told of it. */
export function opened(document: object, options: Partial<CompileApiOptions> = {}) {
  const compilation = compile(document, { readExtension, ...options });
  assert.ok(compilation.ok, JSON.stringify(compilation));
  const api = openApi(unpackApi(packApi(compilation.api)));
  const [operation] = api.operations;
  assert.ok(operation !== undefined);
  return { api, operation, codes: compilation.warnings.map(({ code }) => code) };
}
