/** The page's own files, which are read once, and the headers that they go out with. */

import { readFile } from 'node:fs/promises';

export interface StaticFile {
  readonly name: string;
  readonly contentType: string;
  readonly content: Buffer;
}

const types = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'page.js': 'text/javascript; charset=utf-8',
  'connection.js': 'text/javascript; charset=utf-8',
  'event-list.js': 'text/javascript; charset=utf-8',
  'event-row.js': 'text/javascript; charset=utf-8',
  'figures.js': 'text/javascript; charset=utf-8',
  'dom.js': 'text/javascript; charset=utf-8',
  'send-form.js': 'text/javascript; charset=utf-8',
} as const;

export const readStaticFiles = (): Promise<StaticFile[]> =>
  Promise.all(
    Object.entries(types).map(async ([name, contentType]) => {
      const content = await readFile(new URL(`./static/${name}`, import.meta.url));
      return { name, contentType, content };
    }),
  );

/**
 * For every answer of the page. No script but ours runs, none is made of text, and nothing is
 * fetched from elsewhere; Trusted Types without a policy close `innerHTML` and its like.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};
