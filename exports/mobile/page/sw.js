/**
 * Keeps the page, the runtime and the model on the phone. Everything comes from the cache of one version, and from the
 * network only when it is not there yet; a new version waits until the page asks for it or is no longer open.
 */

importScripts('precache.js');

const { version, files } = self.PRECACHE;
const CACHE = `posewarp-${version}`;

self.addEventListener('install', (event) => event.waitUntil(keepShell()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) {
    event.respondWith(answer(request));
  }
});
self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

async function keepShell() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache, which may still hold files of another version.
  await cache.addAll(['./', ...files].map((file) => new Request(file, { cache: 'reload' })));
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('posewarp-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: request.mode === 'navigate' });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200) await keep(cache, request, response.clone());
  return response;
}

/** A full disk must not stand between the person and a model that has just been loaded. */
async function keep(cache, request, response) {
  try {
    await cache.put(request, response);
  } catch (error) {
    console.warn('not kept for use without a network', request.url, error);
  }
}
