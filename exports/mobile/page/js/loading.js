/** Loads the model when the page starts, and says in the line at the top what runs it. */

import { showError, showStatus, spokenBytes } from './messages.js';
import { areKept } from './offline.js';

/**
 * Resolves when it is settled what runs the model, or that it cannot be loaded, of which `document.body` tells.
 * @param {import('./engine.js').Engine} engine
 * @param {import('./point_finder.js').PointFinder} finder  Whose models are kept for use without a network, too.
 */
export async function loadModel(engine, finder) {
  showStatus('Loading the model');
  try {
    showRuntime(await engine.load(), finder);
    document.body.dataset.model = 'ready';
  } catch (error) {
    showStatus('No model');
    document.body.dataset.model = 'failed';
    showError(error, () => loadModel(engine, finder));
    return;
  }
  const faster = await engine.tryWebGpu();
  if (faster) showRuntime(faster, finder);
  document.body.dataset.accelerator = faster ? 'webgpu' : 'wasm';
}

async function showRuntime({ card, model, runtime }, finder) {
  const threads = runtime.threads > 1 ? ` × ${runtime.threads}` : '';
  const where = runtime.accelerator === 'webgpu' ? 'WebGPU' : `WASM${threads}`;
  const status = [spokenBytes(card.bytes), where].join(' · ');
  showStatus(status);
  const files = await finder.files().catch(() => []);
  const kept = await areKept([model, ...runtime.files, ...files]);
  // Not if WebGPU has taken over since.
  if (kept && document.getElementById('status').textContent === status)
    showStatus(`${status} · offline ready`);
}
