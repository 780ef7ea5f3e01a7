import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  GITHUB_DESCRIPTION_SHA256,
  readGithubDescription,
} from '../../fixtures/github-description/github-description.fixture.ts';
import { compileApi, openApi } from './index.ts';
import { BOUNDS, headers, parts, told, utf8 } from './testing.fixture.ts';

test('what is kept of GitHub is the file that its page names, and no other', () => {
  const folder = join(import.meta.dirname, '../../fixtures/github-description');
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  assert.ok(page.includes(GITHUB_DESCRIPTION_SHA256));
  const { length } = Buffer.from(readGithubDescription());
  assert.ok(page.includes(`${length.toLocaleString('en')} bytes`), String(length));
});

test("GitHub's description of some thousand operations is read and enforced", (context) => {
  const text = readGithubDescription();
  const start = performance.now();
  const compilation = compileApi(
    { uri: 'file:///github.json', text },
    {
      read: (uri) => {
        throw new Error(uri);
      },
      checkExtension: () => [],
      strictProperties: false,
    },
  );
  assert.ok(compilation.ok);
  const compiled = performance.now();
  const api = openApi(structuredClone(compilation.api));
  const opened = performance.now();
  context.diagnostic(
    `compiled in ${Math.round(compiled - start)} ms, opened in ${Math.round(opened - compiled)} ms`,
  );

  const call = (method: string, path: string) => {
    const match = api.match(method, path);
    assert.ok(match.kind === 'operation', `${method} ${path}`);
    return match;
  };
  const issue = call('GET', '/repos/octo/hello/issues/42');
  assert.equal(issue.operation.compiled.id, 'issues/get');
  assert.equal(told(issue.operation.checkParameters(parts({ pathValues: issue.pathValues }))), '');
  assert.equal(
    told(issue.operation.checkParameters(parts({ pathValues: ['octo', 'hello', '4x'] }))),
    'path issue_number type',
  );
  const list = call('GET', '/repos/octo/hello/issues');
  const query = (text: string) =>
    told(list.operation.checkParameters(parts({ pathValues: list.pathValues, query: text })));
  assert.equal(query('state=open&per_page=50&labels=a,b'), '');
  assert.equal(query('state=ajar&per_page=+5'), 'query state enum; query per_page type');
  assert.equal(query('admin=true'), 'query  undocumented');

  const create = call('POST', '/repos/octo/hello/issues');
  const body = (text: string) =>
    told(
      create.operation.checkBody(headers('content-type', 'application/json'), utf8(text), BOUNDS)
        .violations,
    );
  assert.equal(body('{"title":"It breaks","labels":["bug",{"name":"x"}]}'), '');
  assert.notEqual(body('{"labels":[]}'), '');
  assert.deepEqual(api.match('PUT', '/repos/octo/hello/issues'), {
    kind: 'method-not-allowed',
    allow: ['GET', 'HEAD', 'POST'],
  });
});
