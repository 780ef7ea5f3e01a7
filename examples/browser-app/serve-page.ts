import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Where the page calls, and as whom. */
export interface PageSettings {
  /** Origin of the gate. */
  readonly gate: string;
  /** Id of the client that `poorter clients create --flows session` made. */
  readonly client: string;
}

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Three files, and what they may do: run this one script, look like this, call this one gate, and be shown in no frame. */
export async function servePage(
  { gate, client }: PageSettings,
  port = 0,
): Promise<{ readonly server: Server; readonly url: string }> {
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    '/': ['text/html', read('index.html').replace('{gate}', gate).replace('{client}', client)],
    '/page.js': ['text/javascript', read('page.js')],
    '/style.css': ['text/css', read('style.css')],
  };
  const policy = [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", `connect-src ${gate}`],
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    "require-trusted-types-for 'script'",
  ].join('; ');
  const server = createServer(({ url = '/' }, response) => {
    const [path = '/'] = url.split('?');
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    const [type, text] = file ?? ['text/plain', 'There is no such page.'];
    response.writeHead(file === undefined ? 404 : 200, {
      ...{ 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy },
      ...{ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
    });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` };
}

if (import.meta.main) {
  const { GATE: gate, CLIENT: client, PORT } = process.env;
  if (gate === undefined || client === undefined) throw new Error('set GATE and CLIENT');
  console.log((await servePage({ gate, client }, Number(PORT ?? 8_070))).url);
}
