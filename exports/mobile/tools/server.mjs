/**
 * Serves the built page: `npm start -- --root=folder [--port=8080] [--host=localhost]`.
 *
 * Cross-origin isolation lets the model use several threads. Pages on plain http reach a phone, but only https and
 * localhost may install, work offline and use threads: forward the port (`adb reverse tcp:8080 tcp:8080`) or put the
 * folder on any https host.
 */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, stop } from './arguments.mjs';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tflite': 'application/octet-stream',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; " +
    "media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Starts the server.
 * @param {string} root  Folder to serve.
 * @param {number} port  0 takes a free one.
 * @param {string} host
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function serve(root, port = 0, host = 'localhost') {
  const folder = path.resolve(root);
  const server = createServer((request, response) => answer(folder, request, response));
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const url = `http://${host === '0.0.0.0' ? 'localhost' : host}:${server.address().port}/`;
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url, close };
}

async function answer(folder, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405);
  const file = fileOf(folder, request.url);
  const found = file && (await stat(file).catch(() => null));
  if (!found?.isFile()) return refuse(response, 404);
  const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': found.size });
  if (request.method === 'HEAD') return response.end();
  return createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response);
}

/** The file that a request names, or null if that would leave the folder. */
function fileOf(folder, requested) {
  try {
    const name = decodeURIComponent(new URL(requested, 'http://localhost').pathname);
    const file = path.join(folder, name.endsWith('/') ? `${name}index.html` : name);
    return file.startsWith(folder + path.sep) && !file.includes('\0') ? file : null;
  } catch {
    return null;
  }
}

function refuse(response, status) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain' });
  response.end();
}

function localAddresses() {
  const all = Object.values(networkInterfaces()).flat();
  return all
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { root, port, host } = readArguments({
    root: { help: 'folder that `npm run build` wrote' },
    port: { default: '8080', help: 'port to listen on (8080)' },
    host: { default: 'localhost', help: 'localhost, or 0.0.0.0 for phones in the same network' },
  });
  const running = await serve(root, Number(port), host).catch((error) =>
    stop(
      error.code === 'EADDRINUSE' ? `port ${port} is taken: give another --port` : error.message,
    ),
  );
  console.log(`posewarp: ${running.url}`);
  if (host === '0.0.0.0') {
    for (const address of localAddresses())
      console.log(`phones in the same network: http://${address}:${port}/`);
  }
}
