/**
 * Loaded before our own programs where they run as pods: connections to names of the cluster go
 * through who finds them (CLUSTER_PROXY, cluster-names.ts), by CONNECT. The programs know nothing of
 * it, as they know nothing of a cluster's DNS.
 */

import net from 'node:net';

const { CLUSTER_PROXY = '' } = process.env;
const proxy = new URL(CLUSTER_PROXY);
const connect = net.connect;

net.connect = (...args) => {
  const [options] = args;
  const { host = '', port } = typeof options === 'object' ? options : {};
  if (!/\.svc(?:\.|$)/.test(host)) return connect(...args);
  const socket = connect({ ...options, host: proxy.hostname, port: Number(proxy.port) });
  return throughProxy(socket, `${host}:${port}`);
};

/** The socket tells of its connection once the proxy has made its own. */
function throughProxy(socket, place) {
  const emit = socket.emit.bind(socket);
  socket.emit = (name, ...args) => {
    if (name !== 'connect') return emit(name, ...args);
    socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
    socket.once('data', (answer) => {
      socket.pause();
      socket.emit = emit;
      if (String(answer).startsWith('HTTP/1.1 200')) emit('connect', ...args);
      else socket.destroy(new Error(`nobody connects to ${place}`));
    });
    return true;
  };
  return socket;
}
