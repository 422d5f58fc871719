/**
 * What every answer carries: nothing but our own scripts and styles runs, no address leaks as a
 * referrer, nobody may frame or keep a page, and a change of state comes from our own pages only.
 */
import type { FastifyInstance } from 'fastify';
import type { Assets } from './assets.ts';

/** What every answer of a site has; the inspection of the configuration asks for the same. */
export function headersOf(assets: Assets): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    // 'wasm-unsafe-eval' lets OPAQUE's WebAssembly compile; it allows no text to become script.
    `script-src 'self' 'wasm-unsafe-eval' '${assets.inlineScriptHash}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), interest-cohort=()',
  };
}

export function guardHeaders(app: FastifyInstance, assets: Assets): void {
  const always = headersOf(assets);

  app.addHook('onSend', async (request, reply) => {
    reply.headers(always);
    if (request.protocol === 'https') reply.header('strict-transport-security', 'max-age=63072000');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    if (sameSite(request.headers.origin, request.headers['sec-fetch-site'], request.host)) return;
    return reply
      .status(403)
      .send({ refusal: 'other-site', message: 'This came from another site and was not taken.' });
  });
}

/** Browsers say where a request comes from; programs say neither and carry no cookie to abuse. */
function sameSite(
  origin: string | undefined,
  fetchSite: string | string[] | undefined,
  host: string,
): boolean {
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === host;
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
}
