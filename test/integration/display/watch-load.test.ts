/** Reading the adapters' metrics, over real sockets. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Load } from '../../../src/display/page/load.ts';
import { createLoadWatch, type LookUp } from '../../../src/display/page/watch-load.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(answer: RequestListener, host = '127.0.0.1', port = 0): Promise<number> {
  const server: Server = createServer(answer).listen(port, host);
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The first `count` loads that are told. */
function loads(urls: readonly string[], count: number, lookUp?: LookUp): Promise<Load[]> {
  return new Promise((resolve) => {
    const told: Load[] = [];
    const onLoad = (load: Load) => {
      told.push(load);
      if (told.length < count) return;
      watch.stop();
      resolve(told);
    };
    const watch = createLoadWatch({ urls: () => urls.map((url) => new URL(url)), onLoad }, lookUp);
    closing.push(watch.stop);
    watch.start();
  });
}

const running: RequestListener = (_, response) => response.end('seldon_eventing_http_running 2\n');

test('a name with several addresses, as a headless Service has, is asked at each of them', async () => {
  const port = await serve(running, '127.0.0.1');
  await serve(running, '127.0.0.2', port);
  const pods: LookUp = async () =>
    ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }));
  const [load] = await loads([`http://pods.test:${port}/metrics`], 1, pods);
  expect(load).toMatchObject({ inFlight: 4, replicas: 2, targets: 3, targetsAnswering: 2 });
});

test('a name that cannot be found is a target that does not answer', async () => {
  const [load] = await loads(['http://nowhere.invalid/metrics'], 1, async () => []);
  expect(load).toMatchObject({ replicas: 0, targets: 1, targetsAnswering: 0 });
});

test('errors, redirects, endless answers and what is no metrics count as nothing, and it goes on', async () => {
  const failing = await serve((_, response) =>
    response.writeHead(500).end('seldon_eventing_http_running 9'),
  );
  const moved = await serve((_, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${failing}/` }).end(),
  );
  const endless = await serve((_, response) => {
    const more = () => {
      while (
        !response.destroyed &&
        response.write('seldon_eventing_http_running 9\n'.repeat(5_000))
      );
    };
    response.on('drain', more);
    more();
  });
  const other = await serve((_, response) => response.end('<html>\u0000</html>'));
  const good = await serve(running);
  const urls = [failing, moved, endless, other, good].map((port) => `http://127.0.0.1:${port}/`);
  const told = await loads(urls, 2);
  for (const load of told) {
    expect(load).toMatchObject({ inFlight: 2, replicas: 1, targets: 5, targetsAnswering: 2 });
  }
});
