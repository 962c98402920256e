import { expect, test } from 'vitest';
import { displaySettings } from '../../../src/config/display.ts';
import { parseSettings } from '../../../src/config/parse.ts';

const parse = (environment: Record<string, string>) =>
  parseSettings(displaySettings, [], environment);

test('sinks have names and addresses, metrics may have a query, hosts are lower case', () => {
  const parsed = parse({
    DISPLAY_SINKS: 'adapter=http://127.0.0.1:8080, broker=https://broker/ns/default?x=1',
    DISPLAY_METRICS_URLS: 'http://a:1/metrics,http://prometheus/federate?match[]=up',
    DISPLAY_HOSTS: 'Events.Example.com,[::1]',
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const { sinks = [], metricsUrls = [], hosts } = parsed.values;
  expect(sinks.map(({ name, url }) => [name, url.href])).toEqual([
    ['adapter', 'http://127.0.0.1:8080/'],
    ['broker', 'https://broker/ns/default?x=1'],
  ]);
  expect(metricsUrls.map(({ host }) => host)).toEqual(['a:1', 'prometheus']);
  expect(hosts).toEqual(['events.example.com', '[::1]']);
});

test('every entry that is wrong is named, and none that could be a secret is repeated', () => {
  const parsed = parse({
    DISPLAY_SINKS: 'http://a, x=ftp://b, y=http://u:geheim@c, z=http://d, z=http://e, <b>=http://f',
    DISPLAY_METRICS_URLS: 'nowhere,http://u:geheim@h/',
    DISPLAY_HOSTS: 'http://a, a:80, *',
  });
  expect(parsed.ok).toBe(false);
  const problems = parsed.ok ? [] : parsed.problems;
  const of = (name: string) => problems.filter((problem) => problem.startsWith(name));
  expect(of('DISPLAY_SINKS')).toHaveLength(5);
  expect(of('DISPLAY_METRICS_URLS')).toHaveLength(2);
  expect(of('DISPLAY_HOSTS')).toHaveLength(3);
  expect(problems.join()).not.toContain('geheim');
});
