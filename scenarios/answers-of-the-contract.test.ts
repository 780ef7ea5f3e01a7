import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registerSchema, validate } from '@hyperjump/json-schema/draft-2020-12';
import { parse } from 'yaml';
import { type AdminAnswer, adminOf } from './world/admin.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, runningIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

interface Answer {
  readonly $ref?: string;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Answer>>;
}

const text = readFileSync(join(import.meta.dirname, '../contract/admin.openapi.yaml'), 'utf8');
const contract = parse(text) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, Answer> };
};
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** By operation and status; another judge than the one that stands in front of the admin API. */
const schemas = new Map<string, object>();
const operations = new Map<string, readonly [method: string, path: string]>();
for (const [path, item] of Object.entries(contract.paths)) {
  for (const method of METHODS) {
    const operation = item[method];
    if (operation === undefined) continue;
    operations.set(operation.operationId, [method.toUpperCase(), path]);
    for (const [status, answer] of Object.entries(operation.responses)) {
      const name = answer.$ref?.split('/').at(-1) ?? '';
      const { content } = contract.components.responses[name] ?? answer;
      const [schema] = Object.values(content).map((one) => one.schema);
      schemas.set(`${operation.operationId}-${status}`, schema ?? assert.fail(name));
    }
  }
}
const DOCUMENT = 'https://poorter.example/contract';
const definitions = { ...contract.components.schemas, ...Object.fromEntries(schemas) };
registerSchema(
  JSON.parse(
    JSON.stringify({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: DOCUMENT,
      $defs: definitions,
    }).replaceAll('#/components/schemas/', '#/$defs/'),
  ),
);

/** Answered here: all but those that need another machine, or a configuration that waits. */
const NOT_DONE_HERE = ['applyConfiguration', 'removeGateway'];

test('what the admin API answers is what its contract says, done or refused', async (t) => {
  const upstream = await startRawUpstream(t);
  const description = {
    openapi: '3.1.0',
    info: { title: 'Things', version: '1' },
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
    paths: {
      '/things': {
        get: { security: [{ key: ['read'] }], responses: { 200: { description: 'ok' } } },
      },
    },
  };
  const port = await unusedPort();
  const origin = `http://localhost:${port}`;
  const configuration = { issuer: { origin, address: `127.0.0.1:${port}` } };
  const poorter = await startPoorter(t, { description, upstream: upstream.url, configuration });
  const owner = adminOf(poorter);
  const done = new Set<string>();

  const ask = async (
    id: string,
    status: number,
    given: {
      readonly path?: Readonly<Record<string, string | number>>;
      readonly query?: string;
      readonly body?: object;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<AdminAnswer> => {
    const [method, template] = operations.get(id) ?? assert.fail(id);
    const path = template.replace(/\{(\w+)\}/g, (_, name) => String(given.path?.[name]));
    const target = path + (given.query ?? '');
    const answer = await owner(method, target, given.body, given.headers);
    assert.equal(answer.status, status, `${id}: ${JSON.stringify(answer.body)}`);
    const known = schemas.has(`${id}-${status}`) ? `${id}-${status}` : `${id}-default`;
    const verdict = await validate(`${DOCUMENT}#/$defs/${known}`, answer.body, 'BASIC');
    assert.ok(verdict.valid, `${id} ${JSON.stringify([answer.body, verdict])}`);
    if (status < 400) done.add(id);
    return answer;
  };

  const wish = { name: 'Shop', owner: 'Ann', scopes: ['reed'], limits: { quota: [] } };
  await ask('createKey', 422, { body: { name: 'Shop', expires: '2001-01-01T00:00:00Z' } });
  await ask('createKey', 400, { body: { name: 'Shop', unknown: 1 } });
  const made = await ask('createKey', 201, {
    body: { ...wish, limits: { concurrency: { calls: 5 } } },
  });
  assert.equal(made.body.warnings.length, 1, 'a scope that is mistyped');
  const path = { id: made.body.record.id };
  const { headers } = await ask('showKey', 200, { path });
  const match = { 'if-match': headers.get('etag') ?? '' };
  const rights = { scopes: ['read', 'write'], expires: '2099-01-01T00:00:00Z' };
  await ask('changeKey', 200, { path, body: rights, headers: match });
  await ask('changeKey', 412, { path, body: rights, headers: match });
  await ask('showUnusedRights', 200, { path });
  const rotated = await ask('rotateKey', 201, { path, body: { overlapSeconds: 60 } });
  await ask('rotateKey', 409, { path });
  const call = await fetch(`${poorter.url}/things`, {
    headers: { 'x-api-key': rotated.body.key },
  });
  assert.equal(call.status, 200);
  const id = call.headers.get('poorter-call') ?? '';
  await call.arrayBuffer();
  await poorter.awaitRecords(1, (record) => record['id'] === id);

  const query = `?client=${made.body.record.client}&limit=5`;
  const found = await ask('searchLog', 200, { query });
  assert.ok(found.body.items.length > 0);
  const { node, index } = found.body.items[0];
  await ask('searchLog', 422, { query: '?decision=perhaps' });
  await ask('showLogRecord', 200, { path: { node, index } });
  await ask('showLoggedCall', 200, { path: { call: id } });
  // The next checkpoint signs it.
  const proof = async () => (await owner('GET', `/v1/log/records/${node}/${index}/proof`)).status;
  while ((await proof()) !== 200) await new Promise((resolve) => setTimeout(resolve, 250));
  await ask('proveLogRecord', 200, { path: { node, index } });
  await ask('readCheckpoints', 200);

  const leak = await ask('reportLeakedKey', 200, { body: { key: rotated.body.key } });
  assert.notEqual(leak.body.replacement, null);
  assert.ok(leak.body.uses.length > 0);
  await ask('reportLeakedKey', 404, { body: { key: `poorter_${'0'.repeat(49)}` } });
  await ask('revokeKey', 200, { path });
  await ask('showKey', 404, { path: { id: 'key_none' } });
  await ask('listKeys', 200);

  const until = '2099-01-01T00:00:00Z';
  const blocks = [
    { kind: 'address', value: '192.0.2.1', reason: 'x', until },
    { kind: 'client', value: 'Ann', reason: 'x' },
  ];
  for (const body of blocks) {
    const block = await ask('createBlock', 201, { body });
    await ask('showBlock', 200, { path: { id: block.body.id } });
    await ask('undoBlock', 200, { path: { id: block.body.id } });
  }
  await ask('createBlock', 422, { body: { ...blocks[0], value: 'nowhere' } });
  await ask('listBlocks', 200, { query: '?ended=true' });

  const operator = await ask('createOperator', 201, { body: { name: 'Els', roles: ['auditor'] } });
  await ask('listOperators', 200);
  await ask('revokeOperator', 200, { path: { id: operator.body.operator.id } });
  const terms = {
    ...{ name: 'Budget', profile: 'browser', authentication: { method: 'secret' } },
    ...{ redirectUris: ['https://budget.test/callback'], scopes: ['read'] },
  };
  await ask('createClient', 422, { body: { ...terms, redirectUris: ['http://budget.test'] } });
  const client = await ask('createClient', 201, { body: terms });
  const budget = { id: client.body.client.id };
  const known = await ask('showClient', 200, { path: budget });
  const current = { 'if-match': known.headers.get('etag') ?? '' };
  const narrower = { ...terms, scopes: [] };
  await ask('replaceClient', 200, { path: budget, body: narrower, headers: current });
  await ask('replaceClient', 412, { path: budget, body: narrower, headers: current });
  await ask('rotateClientSecret', 200, { path: budget, body: { overlapSeconds: 60 } });
  await ask('listClients', 200);
  await ask('disableClient', 200, { path: budget });
  const invited = { name: 'Budget Ltd', profile: 'browser', scopes: ['accounts.read'] };
  await ask('createClientInvitation', 400, { body: { ...invited, clients: 0 } });
  await ask('createClientInvitation', 422, { body: { ...invited, flows: [] } });
  const invitation = await ask('createClientInvitation', 201, { body: invited });
  await ask('listClientInvitations', 200);
  await ask('endClientInvitation', 200, { path: { id: invitation.body.invitation.id } });
  await ask('endClientInvitation', 404, { path: { id: 'invitation_0' } });

  const person = { login: 'griet@example.test', name: 'Griet' };
  const account = await ask('createAccount', 201, { body: person });
  await ask('createAccount', 422, { body: person });
  const griet = { id: account.body.id };
  const password = `$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$${'A'.repeat(43)}`;
  const jan = { login: 'jan@example.test', name: 'Jan' };
  await ask('importAccounts', 400, { body: { accounts: [] } });
  const unused = await ask('importAccounts', 422, { body: { accounts: [{ ...jan, password }] } });
  assert.match(unused.body.errors[0].expected, /issuer\.passwords/);
  await ask('importAccounts', 422, { body: { accounts: [jan, person] } });
  await ask('importAccounts', 200, { body: { accounts: [jan, person], existing: 'skip' } });
  const shown = await ask('showAccount', 200, { path: griet });
  const version = { 'if-match': shown.headers.get('etag') ?? '' };
  await ask('changeAccount', 200, { path: griet, body: person, headers: version });
  await ask('linkAccount', 200, { path: griet, body: { purpose: 'enrol' } });
  await ask('listAccounts', 200);
  await ask('signOutAccount', 200, { path: griet });

  const issuer = runningIssuer(poorter, origin);
  const an = await enrol(issuer, 'an@example.test');
  const application = await makeApplication(issuer, 'https://ledger.test/callback');
  const browser = new SoftBrowser(origin);
  await goThrough(browser, (await askFor(application, { scope: 'openid' })).url, an);
  const access = { id: an.id };
  const sessions = await ask('listAccountSessions', 200, { path: access });
  const session = sessions.body.items[0].id;
  await ask('endAccountSession', 200, { path: { ...access, session } });
  await ask('endAccountSession', 404, { path: { ...access, session } });
  const grants = await ask('listAccountGrants', 200, { path: access });
  const grant = grants.body.items[0].id;
  await ask('endAccountGrant', 200, { path: { ...access, grant } });
  await ask('endAccountGrant', 404, { path: { ...access, grant } });
  const holder = await ask('showAccount', 200, { path: access });
  const credential = holder.body.credentials[0].id;
  await ask('removeAccountCredential', 200, { path: { ...access, credential } });
  await ask('removeAccountCredential', 404, { path: { ...access, credential } });
  await ask('disableAccount', 200, { path: griet });
  await ask('linkAccount', 409, { path: griet, body: { purpose: 'enrol' } });

  const key = await ask('makeSigningKey', 201, { body: { algorithm: 'EdDSA' } });
  await ask('listSigningKeys', 200);
  await ask('readIssuer', 200);
  await ask('revokeSigningKey', 200, { path: { id: key.body.id } });
  await ask('eraseSubject', 200, { body: { kind: 'client', value: made.body.record.client } });
  await ask('searchLog', 200, { query: '?limit=200' });
  await ask('listGateways', 200);
  await ask('removeGateway', 404, { path: { name: 'elsewhere' } });
  await ask('applyConfiguration', 409, { body: { digest: '0'.repeat(32) } });
  await ask('readStatus', 200);
  assert.deepEqual(
    [...operations.keys()].filter((one) => !done.has(one)).toSorted(),
    NOT_DONE_HERE,
  );
  // Nor has the admin API, which holds each of its answers against the contract itself, found anything.
  assert.deepEqual(poorter.notices('admin_answer_differs'), []);
});
