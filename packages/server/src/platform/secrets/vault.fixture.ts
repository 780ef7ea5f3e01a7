import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * The transit engine as HashiCorp documents its HTTP interface: key versions, `vault:vN:` texts,
 * associated data, derivation contexts, and its errors.
 */
export interface VaultUnderTest {
  readonly origin: string;
  readonly token: string;
  /** Answers this instead, as often as it says. */
  misbehave: { status: number; times: number; delayMs?: number } | null;
  readonly requests: string[];
  /** Older versions still decrypt. */
  rotate(): void;
  /** Texts of older versions are refused from now on. */
  forgetOldVersions(): void;
  close(): Promise<void>;
}

interface Body {
  plaintext?: string;
  ciphertext?: string;
  associated_data?: string;
  context?: string;
}

export async function startVault(tls?: ServerOptions): Promise<VaultUnderTest> {
  const versions = [randomBytes(32)];
  let minimum = 1;
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('request', async (request: IncomingMessage, response) => {
    vault.requests.push(request.url ?? '');
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const fault = vault.misbehave;
    if (fault !== null && fault.times > 0) {
      fault.times -= 1;
      if (fault.delayMs !== undefined) await new Promise((done) => setTimeout(done, fault.delayMs));
      return answer(fault.status, { errors: fault.status === 503 ? ['Vault is sealed'] : [] });
    }
    if (request.headers['x-vault-token'] !== vault.token) {
      return answer(403, { errors: ['permission denied'] });
    }
    const [, verb, name] = /^\/v1\/transit\/(encrypt|decrypt)\/([\w-]+)$/.exec(request.url!) ?? [];
    if (request.method !== 'POST' || name !== 'poorter') return answer(404, { errors: [] });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
    try {
      answer(200, { data: verb === 'encrypt' ? encrypt(body) : decrypt(body) });
    } catch (error) {
      answer(400, { errors: [(error as Error).message] });
    }
  });
  const keyOf = (version: number, context = '') =>
    createHmac('sha256', versions[version - 1] as Buffer)
      .update(context)
      .digest();
  const encrypt = ({ plaintext, associated_data, context }: Body) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keyOf(versions.length, context), nonce);
    cipher.setAAD(Buffer.from(associated_data ?? '', 'base64'));
    const sealed = [nonce, cipher.update(plaintext ?? '', 'base64'), cipher.final()];
    const text = Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64');
    return { ciphertext: `vault:v${versions.length}:${text}`, key_version: versions.length };
  };
  const decrypt = ({ ciphertext, associated_data, context }: Body) => {
    const [, version, text] = /^vault:v(\d+):(.+)$/.exec(ciphertext ?? '') ?? [];
    if (text === undefined) throw new Error('invalid ciphertext: no prefix');
    if (Number(version) < minimum) throw new Error('ciphertext version is disallowed by policy');
    const bytes = Buffer.from(text, 'base64');
    const key = keyOf(Number(version), context);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(associated_data ?? '', 'base64'));
    decipher.setAuthTag(bytes.subarray(-16));
    const plain = [decipher.update(bytes.subarray(12, -16)), decipher.final()];
    return { plaintext: Buffer.concat(plain).toString('base64') };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const vault: VaultUnderTest = {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    token: randomBytes(12).toString('hex'),
    misbehave: null,
    requests: [],
    rotate: () => void versions.push(randomBytes(32)),
    forgetOldVersions: () => {
      minimum = versions.length;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return vault;
}
