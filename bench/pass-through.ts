/** The least that an HTTP adapter can do: Fastify in front, an undici Pool behind. argv: predictor's URL. */

import { fastify } from 'fastify';
import { Pool } from 'undici';

const pool = new Pool(process.argv[2] ?? '', { connections: 65 });
const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.post('/', async (request, reply) => {
  const answer = await pool.request({
    path: '/predict',
    method: 'POST',
    headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    body: request.body as Buffer,
  });
  const body = Buffer.from(await answer.body.arrayBuffer());
  const type = String(answer.headers['content-type']);
  return reply.code(answer.statusCode).header('content-type', type).send(body);
});
process.on('SIGTERM', () => process.exit());
const url = await server.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ url }));
