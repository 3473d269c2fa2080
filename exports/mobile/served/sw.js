/**
 * For a page that comes from this very computer, with the model that its server was started with: nothing is kept.
 *
 * Another page of the same address may have left a worker that answers from its own cache, with a model of its own. A
 * browser replaces it by this one, which forgets that cache, shows such a page anew, and is gone.
 */

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(leave()));

async function leave() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('posewarp-'));
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
  await self.registration.unregister();
  const pages = old.length ? await self.clients.matchAll({ type: 'window' }) : [];
  for (const page of pages) page.navigate(page.url);
}
