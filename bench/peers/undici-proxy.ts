import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { Pool } from 'undici';

/**
 * A proxy as people write it: node:http in front, undici behind, nothing checked. The yardstick of
 * every table. `node undici-proxy.ts PORT UPSTREAM WORKERS`
 */
const [port, upstream, workers] = process.argv.slice(2);
if (cluster.isPrimary) {
  for (let worker = 0; worker < Number(workers); worker++) cluster.fork();
} else {
  const pool = new Pool(upstream as string, { connections: 256 });
  const server = createServer(async (request, response) => {
    try {
      const { host: _, connection: _c, 'transfer-encoding': _t, ...headers } = request.headers;
      const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
      const answer = await pool.request({
        method: request.method as string,
        path: request.url as string,
        headers,
        body: hasBody ? request : null,
      });
      const { connection: _ac, 'keep-alive': _k, ...answerHeaders } = answer.headers;
      response.writeHead(answer.statusCode, answerHeaders);
      answer.body.pipe(response);
    } catch {
      response.writeHead(502).end();
    }
  });
  server.listen(Number(port), '127.0.0.1');
}
