/**
 * Keeps the page, the runtime and the model on the phone. Everything comes from the cache of one version, and from the
 * network only when it is not there yet; a new version waits until the page asks for it or is no longer open.
 *
 * The page sends 'take over', or {files, port}: are these, and the page itself, all kept?
 */

importScripts('precache.js');

const { version, files, onDemand } = self.PRECACHE;
const SHELL = ['./', ...files];
const CACHE = `posewarp-${version}`;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) {
    event.respondWith(answer(request));
  }
});
self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
  else event.waitUntil(keepAll(event.data));
});

/** Takes all that the version before had, too: without a network it must not be missed once that is deleted. */
async function install() {
  const cache = await caches.open(CACHE);
  const wanted = [...SHELL, ...(await heldBefore())];
  // Past the browser's own cache, which may still hold files of another version.
  await cache.addAll(wanted.map((file) => new Request(file, { cache: 'reload' })));
}

/** Of the files that come on demand, those that an older version keeps; its model may have had another name. */
async function heldBefore() {
  const caching = (await oldCaches()).map((name) => caches.open(name));
  const requests = await Promise.all(caching.map(async (cache) => (await cache).keys()));
  const held = new Set(requests.flat().map(({ url }) => url));
  const hadModel = [...held].some(isModel);
  return onDemand.filter(
    (file) => held.has(new URL(file, location).href) || (hadModel && isModel(file)),
  );
}

function isModel(file) {
  return file.endsWith('.tflite');
}

async function oldCaches() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith('posewarp-') && name !== CACHE);
}

async function takeOver() {
  await Promise.all((await oldCaches()).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** Fetches what is missing, such as what was loaded before this worker was there. */
async function keepAll({ files: loaded, port }) {
  try {
    const cache = await caches.open(CACHE);
    for (const file of [...SHELL, ...loaded]) if (!(await cache.match(file))) await cache.add(file);
    port.postMessage(true);
  } catch (error) {
    console.warn('not everything is kept for use without a network', error);
    port.postMessage(false);
  }
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
