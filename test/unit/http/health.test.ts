import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { registerHealthRoutes } from '../../../src/http/health.ts';

describe('liveness', () => {
  it.each(['/livez', '/live'])(
    'at %s fails with the reason where only a restart helps',
    async (path) => {
      let reason: string | undefined;
      const server = Fastify();
      registerHealthRoutes(
        server,
        { metricsPath: '/metrics', protocol: 'seldon' },
        {
          readiness: () => ({ ready: true, parts: {} }),
          hopeless: () => reason,
          metrics: { expose: async () => ({ text: '', contentType: 'text/plain' }) },
        },
      );
      const fine = await server.inject(path);
      expect([fine.statusCode, fine.json()]).toEqual([200, { live: true }]);
      reason = 'it sits idle';
      const hopeless = await server.inject(path);
      expect([hopeless.statusCode, hopeless.json()]).toEqual([503, { live: false, reason }]);
      await server.close();
    },
  );
});
