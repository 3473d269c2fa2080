/** Keeps the page and the model on the phone, and tells when there is a newer page. */

const PATIENCE_MS = 4000;

/**
 * Resolves when whatever is loaded from now on is kept, or when that takes too long or is not possible (plain http).
 * @param {{onUpdate: (apply: () => void) => void}} events
 */
export async function keepOffline({ onUpdate }) {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  try {
    const registration = await workers.register(new URL('../sw.js', import.meta.url));
    watchForUpdate(registration, onUpdate);
  } catch {
    return;
  }
  if (workers.controller) return;
  const controlled = new Promise((resolve) => {
    workers.addEventListener('controllerchange', resolve, { once: true });
  });
  const tooLong = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([controlled, tooLong]);
}

/**
 * Whether everything, these files included, is on the phone; what is missing is fetched. Resolves when something on
 * the phone can tell, which may be never.
 * @param {string[]} files  Addresses.
 * @returns {Promise<boolean>}
 */
export async function areKept(files) {
  if (!navigator.serviceWorker) return false;
  const { active } = await navigator.serviceWorker.ready;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    active.postMessage({ files, port: port2 }, [port2]);
  });
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
