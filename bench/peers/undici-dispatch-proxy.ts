import cluster from 'node:cluster';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/**
 * The same as undici-proxy.ts on undici's lower interface: no body streams are made for answers.
 * The fastest proxy that undici allows. `node undici-dispatch-proxy.ts PORT UPSTREAM WORKERS`
 */
const [port, upstream, workers] = process.argv.slice(2);
if (cluster.isPrimary) {
  for (let worker = 0; worker < Number(workers); worker++) cluster.fork();
} else {
  const pool = new Pool(upstream as string, { connections: 256 });
  createServer((request, response) => forward(pool, request, response)).listen(
    Number(port),
    '127.0.0.1',
  );
}

function forward(pool: Pool, request: IncomingMessage, response: ServerResponse): void {
  const { host: _, connection: _c, 'transfer-encoding': _t, ...headers } = request.headers;
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStart(_controller, status, answerHeaders) {
      delete answerHeaders['connection'];
      delete answerHeaders['keep-alive'];
      response.writeHead(status, answerHeaders);
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError() {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    },
  };
  pool.dispatch(
    {
      method: request.method as Dispatcher.HttpMethod,
      path: request.url as string,
      headers,
      body: hasBody ? request : null,
    },
    handler,
  );
}
