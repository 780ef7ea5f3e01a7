import cluster from 'node:cluster';
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { Pool } from 'undici';

/**
 * A gate as people assemble one from libraries: node:http, jose, a counter in a Map, ajv, undici.
 * Each worker counts for itself. `node assembled-proxy.ts SETTINGS`, where SETTINGS is JSON.
 */
export interface AssembledSettings {
  readonly port: number;
  readonly upstream: string;
  readonly workers: number;
  readonly token: { jwks: JSONWebKeySet; issuer: string; audience: string; scope: string } | null;
  readonly keyHash: string | null;
  /** Where ajv is installed, and what bodies must be. */
  readonly bodies: { ajv: string; schema: object } | null;
  readonly callsPerMinute: number;
  readonly scarceCallsPerMinute: number;
}

type Validate = (value: unknown) => boolean;

const settings = JSON.parse(process.argv[2] as string) as AssembledSettings;
if (cluster.isPrimary) {
  for (let worker = 0; worker < settings.workers; worker++) cluster.fork();
} else {
  await serve();
}

async function serve(): Promise<void> {
  const pool = new Pool(settings.upstream, { connections: 256 });
  const identify = settings.token === null ? identifyByKey : identifyByToken(settings.token);
  const isOrder = settings.bodies === null ? null : await compile(settings.bodies);
  const isWithinLimit = countCalls();

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const caller = await identify(request);
    if (typeof caller === 'number') return refuse(response, caller);
    const path = request.url as string;
    if (!isWithinLimit(caller, path)) return refuse(response, 429);

    const { host: _, connection: _c, 'transfer-encoding': _t, ...headers } = request.headers;
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
    const body = hasBody ? await read(request) : null;
    if (body !== null && isOrder !== null && !isOrder(parsed(body))) return refuse(response, 400);
    const answer = await pool.request({ method: request.method as string, path, headers, body });
    const { connection: _ac, 'keep-alive': _k, ...answerHeaders } = answer.headers;
    if (isOrder === null || !hasBody) {
      response.writeHead(answer.statusCode, answerHeaders);
      answer.body.pipe(response);
      return;
    }
    const bytes = await read(answer.body);
    if (!isOrder(parsed(bytes))) return refuse(response, 502);
    response.writeHead(answer.statusCode, answerHeaders);
    response.end(bytes);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => refuse(response, 502));
  });
  server.listen(settings.port, '127.0.0.1');
}

type Identify = (request: IncomingMessage) => Promise<string | number>;

function identifyByToken(rules: NonNullable<AssembledSettings['token']>): Identify {
  const keys = createLocalJWKSet(rules.jwks);
  const { issuer, audience, scope } = rules;
  return async (request) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return 401;
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience });
      const scopes = String(payload['scope'] ?? '').split(' ');
      return scopes.includes(scope) ? String(payload.sub) : 403;
    } catch {
      return 401;
    }
  };
}

async function identifyByKey(request: IncomingMessage): Promise<string | number> {
  const key = String(request.headers['x-api-key'] ?? '');
  const hash = createHash('sha256').update(key).digest();
  const isKnown = timingSafeEqual(hash, Buffer.from(settings.keyHash ?? '', 'hex'));
  return isKnown ? 'caller-0' : 401;
}

/** Fixed windows of a minute, per caller. */
function countCalls(): (caller: string, path: string) => boolean {
  const counted = new Map<string, { minute: number; calls: number }>();
  return (caller, path) => {
    const isScarce = path === '/v1/scarce';
    const most = isScarce ? settings.scarceCallsPerMinute : settings.callsPerMinute;
    const minute = Math.floor(Date.now() / 60_000);
    const id = isScarce ? `scarce ${caller}` : caller;
    let entry = counted.get(id);
    if (entry?.minute !== minute) counted.set(id, (entry = { minute, calls: 0 }));
    return ++entry.calls <= most;
  };
}

/** ajv is a peer, not a dependency: it is loaded from where the benchmark installed it. */
async function compile({ ajv, schema }: { ajv: string; schema: object }): Promise<Validate> {
  const { Ajv } = (await import(ajv)) as {
    Ajv: new () => { compile(schema: object): Validate };
  };
  return new Ajv().compile(schema);
}

async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end('refused\n');
}
