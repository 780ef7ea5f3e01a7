import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protectBy } from '@poorter/middleware';
import { WebSocketServer } from 'ws';
import {
  ANSWER_BYTES_MAX,
  BODY_BYTES_MAX,
  type CallCase,
  DESCRIPTION,
  FAILURES_MAX,
  type Host,
  type Said,
} from '../hosts.cases.ts';
import { type Answer, call, openCall } from './calls.fixture.ts';
import { startIntrospection } from './introspection.fixture.ts';
import { AUDIENCE, type Issuer, startIssuer } from './issuer.fixture.ts';
import { type Lifetime, type RunningPoorter, startPoorter } from './poorter.fixture.ts';
import { type Service, startService } from './service.fixture.ts';

/** A call as a case has it, from an address of its own. */
export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | undefined;
  readonly isHandshake: boolean;
  readonly token?: CallCase['token'];
  readonly opaqueToken?: CallCase['opaqueToken'];
}

/** A way in: a host, in the words of its caller. */
export interface Door {
  readonly host: Host;
  readonly name: string;
  /** Of a status that the gate would answer with. */
  readonly statusOf: (status: number) => number;
  ask(asked: Asked): Promise<Answer>;
}

/** What is compared of a record. */
export type Recorded = Readonly<Record<string, unknown>>;

export interface Hosts {
  readonly doors: readonly Door[];
  readonly service: Service;
  /** What the service, or the handler behind the middleware, answers from now on. */
  say(said: Said): void;
  /** Every record so far. */
  records(): Promise<readonly Recorded[]>;
}

const SAME = (status: number) => status;
const HANDSHAKE = {
  ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The same description in front of the same answers, behind every host. */
export async function startHosts(t: Lifetime): Promise<Hosts> {
  let said: Said = { body: '{}' };
  const service = await startService(t, (response) => answerAs(response, said));
  upgradeAt(service, () => said);
  const issuer = await startIssuer(t);
  const introspection = await startIntrospection(t);
  const free = { address: '127.0.0.1:0' };
  const poorter = await startPoorter(t, {
    description: DESCRIPTION,
    upstream: service.url,
    threads: 1,
    env: { GATE_SECRET: 'secret' },
    configuration: {
      api: { name: DESCRIPTION.info.title },
      trust: {
        proxies: ['127.0.0.1/32'],
        issuers: [
          { issuer: issuer.url, audience: AUDIENCE },
          {
            ...{ issuer: 'https://opaque.example', audience: AUDIENCE, jwks: 'none' },
            introspection: {
              ...{ url: `${introspection.url}/told`, clientId: 'gate', timeoutMs: 10_000 },
              clientSecret: 'env:GATE_SECRET',
            },
          },
        ],
      },
      bounds: { bodyBytes: BODY_BYTES_MAX, answerBytes: ANSWER_BYTES_MAX },
      limits: { failures: { failures: FAILURES_MAX, per: 'minute' } },
      forwardAuth: ['traefik', 'caddy', 'nginx'].map((proxy) => ({ ...free, for: proxy })),
    },
  });
  const key = await poorter.createKey('shop', { scopes: 'read' });
  const withCredentials = async ({
    headers,
    token,
    opaqueToken,
    ...asked
  }: Asked): Promise<Asked> => {
    const { key: hasKey, ...rest } = headers;
    const shown = {
      ...(hasKey !== undefined && { 'x-key': key }),
      ...(token !== undefined && { authorization: await tokenOf(issuer, token) }),
      ...(opaqueToken === 'good' && { authorization: `Bearer ${introspection.token()}` }),
      ...(opaqueToken === 'invented' && { authorization: 'Bearer invented' }),
    };
    return { ...asked, headers: { ...rest, ...shown } };
  };
  // The name by which the gate records it.
  const [client = ''] = /key_\w+/.exec(poorter.read('keys.yaml')) ?? [];
  const guarded = await startGuarded(t, { key, client, issuer }, () => said);
  const doors = [...gateDoors(poorter), middlewareDoor(guarded.port)];
  return {
    doors: doors.map((door) => ({
      ...door,
      ask: async (asked) => door.ask(await withCredentials(asked)),
    })),
    service,
    say: (next) => {
      said = next;
    },
    records: async () => [...(await poorter.records()), ...guarded.records],
  };
}

async function tokenOf(issuer: Issuer, asked: NonNullable<Asked['token']>): Promise<string> {
  const { acr, ago, approved } = asked;
  const approval = { id: randomUUID(), at: Math.ceil(Date.now() / 1000) };
  const token = await issuer.token({
    ...{ acr, auth_time: Math.floor(Date.now() / 1000) - ago },
    ...(approved !== undefined && {
      authorization_details: [{ type: 'payment', amount: approved, approval }],
    }),
  });
  return `Bearer ${token}`;
}

/** One answer in the words of node:http, for the service and for the handler. */
function answerAs(response: ServerResponse, said: Said): void {
  const { status = 200, body, isInPieces = false, trailers } = said;
  const hasContent = status !== 204 && status !== 304;
  response.writeHead(status, {
    ...(hasContent && { 'content-type': 'application/json' }),
    ...(hasContent && !isInPieces && { 'content-length': Buffer.byteLength(body) }),
    ...(trailers !== undefined && { trailer: Object.keys(trailers).join() }),
    ...said.headers,
  });
  for (let at = 0; isInPieces && at < body.length; at += 50_000) {
    response.write(body.slice(at, at + 50_000));
  }
  if (trailers !== undefined) response.addTrailers(trailers);
  response.end(isInPieces ? undefined : body);
}

/** Handshakes are accepted at `/feed` and wherever nothing is said of answers. */
function upgradeAt(service: Service, said: () => Said): void {
  const sockets = new WebSocketServer({ noServer: true });
  service.server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    if (!/^\/(?:report|redact|block)/.test(request.url ?? '')) {
      sockets.handleUpgrade(request, socket, head, (one) => one.on('error', () => undefined));
      return;
    }
    const response = new ServerResponse(request);
    response.assignSocket(socket as never);
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.end());
    answerAs(response, said());
  });
}

function gateDoors(poorter: RunningPoorter): Door[] {
  const [, asTraefik = '', asCaddy = '', asNginx = ''] = poorter.addresses;
  const proxy = (name: string, address: string, prefix: string): Door => ({
    ...{ host: 'forward-auth', name },
    statusOf: name === 'nginx' ? (status) => ([200, 401].includes(status) ? status : 403) : SAME,
    ask: ({ method, target, headers, isHandshake }) =>
      call(`http://${address}`, {
        path: name === 'nginx' ? '/' : target,
        headers: {
          [`${prefix}-method`]: method,
          [`${prefix}-uri`]: target,
          [`${prefix}-host`]: 'api',
          // Of a body, proxies tell what announces it, and nothing more.
          ...headers,
          ...(isHandshake && { ...HANDSHAKE, connection: 'close' }),
        },
      }),
  });
  return [
    {
      ...{ host: 'http', name: 'http', statusOf: SAME },
      ask: ({ method, target, headers, body }) =>
        call(poorter.url, { method, path: target, headers, ...(body !== undefined && { body }) }),
    },
    {
      ...{ host: 'websocket', name: 'websocket' },
      statusOf: (status) => (status === 200 ? 101 : status),
      ask: (asked) => shakeHands(poorter.url, asked),
    },
    proxy('traefik', asTraefik, 'x-forwarded'),
    proxy('caddy', asCaddy, 'x-forwarded'),
    proxy('nginx', asNginx, 'x-original'),
  ];
}

/** A handshake, and its answer: a tunnel is closed again. */
function shakeHands(url: string, { method, target, headers, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = openCall(url, { method, path: target, headers: { ...headers, ...HANDSHAKE } });
    outgoing.once('error', reject);
    outgoing.once('upgrade', ({ statusCode = 0, headers: fields, rawHeaders }, socket) => {
      socket.destroy();
      const nothing = { trailers: {}, text: '', bytes: Buffer.alloc(0), wasContinued: false };
      resolve({ status: statusCode, headers: fields, rawHeaders, ...nothing });
    });
    outgoing.once('response', async (incoming) => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece as Buffer);
      const bytes = Buffer.concat(pieces);
      const { statusCode = 0, headers: fields, rawHeaders, trailers } = incoming;
      const text = bytes.toString();
      const answer = { headers: fields, rawHeaders, trailers, text, bytes, wasContinued: false };
      resolve({ status: statusCode, ...answer });
    });
    outgoing.end(body);
  });
}

function middlewareDoor(port: number): Door {
  return {
    ...{ host: 'middleware', name: 'middleware', statusOf: SAME },
    ask: ({ method, target, headers, body }) =>
      call(`http://127.0.0.1:${port}`, {
        ...{ method, path: target, headers },
        ...(body !== undefined && { body }),
      }),
  };
}

/** A service that guards itself, with records as the gate writes them. */
async function startGuarded(
  t: Lifetime,
  { issuer, ...shop }: { readonly key: string; readonly client: string; readonly issuer: Issuer },
  said: () => Said,
) {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-hosts-'));
  const description = join(folder, 'shop.json');
  writeFileSync(description, JSON.stringify(DESCRIPTION));
  const records: Recorded[] = [];
  const put = (id: string, members: Recorded) => {
    const known = records.findIndex((record) => record['id'] === id);
    const isFound = known !== -1 && 'answer' in members && records[known]?.['answer'] === null;
    // What is told twice stands there twice.
    if (!isFound) records.push({ id, host: 'middleware', answer: null, ...members });
    else records[known] = { ...records[known], ...members };
  };
  const jwks = { keys: issuer.publicKeys() };
  const guarded = protectBy({
    description,
    issuers: [{ issuer: issuer.url, audiences: [AUDIENCE], keys: () => jwks }],
    keys: [{ ...shop, scopes: ['read'] }],
    trustedProxies: ['127.0.0.1'],
    ...{ bodyBytesMax: BODY_BYTES_MAX, answerBytesMax: ANSWER_BYTES_MAX, readsAroundFaults: true },
    refused: ({ id, request, peer, phase, code, evidence, principal, path }) =>
      put(id, {
        ...{ decision: 'refused', phase, code, evidence, principal, path },
        client: request?.clientAddress ?? peer,
      }),
    reported: ({ id, kind, code, findings }) =>
      put(id, {
        answer: findings,
        ...(kind === 'withheld' && { decision: 'failed', phase: 'forward', code }),
      }),
  });
  rmSync(folder, { recursive: true });
  const server = createServer((native, response) => {
    void guarded(native, response, ({ id, request, decision, principal, end }) => {
      const { path } = decision.operation.names;
      const passed = { decision: 'forwarded', phase: null, code: null, evidence: {} };
      put(id, { ...passed, principal, path, client: request.clientAddress });
      // By which a test finds its record; the gate adds it by itself.
      response.setHeader('poorter-call', id);
      answerAs(response, said());
      end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, records };
}
