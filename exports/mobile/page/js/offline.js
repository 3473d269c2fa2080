/** Keeps the page on the phone, and tells when there is a newer one. */

const PATIENCE_MS = 4000;

/**
 * Resolves when whatever is loaded from now on is kept, or when that takes too long or is not possible (plain http).
 * @param {{onUpdate: (apply: () => void) => void}} events
 * @returns {Promise<boolean>}
 */
export async function keepOffline({ onUpdate }) {
  const workers = navigator.serviceWorker;
  if (!workers) return false;
  try {
    const registration = await workers.register(new URL('../sw.js', import.meta.url));
    watchForUpdate(registration, onUpdate);
  } catch {
    return false;
  }
  if (workers.controller) return true;
  const controlled = new Promise((resolve) => {
    workers.addEventListener('controllerchange', () => resolve(true), { once: true });
  });
  const tooLong = new Promise((resolve) => setTimeout(() => resolve(false), PATIENCE_MS));
  return Promise.race([controlled, tooLong]);
}

function watchForUpdate(registration, onUpdate) {
  const offer = (worker) => {
    onUpdate(() => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {
        once: true,
      });
      worker.postMessage('take over');
    });
  };
  const watch = (worker) => {
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) offer(worker);
    });
  };
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  watch(registration.installing);
  registration.addEventListener('updatefound', () => watch(registration.installing));
}
