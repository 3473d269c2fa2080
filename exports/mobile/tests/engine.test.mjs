/** The engine between two runtimes, both made up: what the phone's own do is seen in the browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../page/js/engine.js';
import { JOINT_NAMES } from '../page/js/joints.js';

const CARD = { file: 'some.tflite', bytes: 4, image_size: [64, 64], joint_names: JOINT_NAMES };
const INPUTS = [
  { name: 'source_image', shape: [1, 64, 64, 3] },
  { name: 'source_keypoints', shape: [1, 18, 2] },
  { name: 'target_keypoints', shape: [1, 18, 2] },
];

/** Answers at once, but never to the photo that is `slow` while it is WebAssembly. */
class FakeWorker {
  #listeners = {};
  #accelerator;
  stopped = false;
  static all = [];

  constructor() {
    FakeWorker.all.push(this);
  }

  addEventListener(type, listener) {
    this.#listeners[type] = listener;
  }

  terminate() {
    this.stopped = true;
  }

  postMessage({ id, type, accelerator, inputs }) {
    if (type === 'load') this.#accelerator = accelerator;
    if (inputs?.slow && this.#accelerator === 'wasm') return;
    const run = { outputs: { image: new Uint8Array(4) }, milliseconds: 1 };
    const load = { accelerator, inputs: INPUTS, outputs: [{ name: 'image' }], files: [] };
    const answer = { id, ok: true, by: this.#accelerator, ...(type === 'load' ? load : run) };
    queueMicrotask(() => !this.stopped && this.#listeners.message({ data: answer }));
  }
}

function makeEngine() {
  FakeWorker.all = [];
  const browser = {
    Worker: FakeWorker,
    document: { baseURI: 'http://localhost/' },
    navigator: { gpu: { requestAdapter: async () => ({}) } },
    crypto: {},
    fetch: async (url) => ({
      ok: true,
      json: async () => CARD,
      arrayBuffer: async () => new ArrayBuffer(CARD.bytes),
      url,
    }),
  };
  for (const [name, value] of Object.entries(browser))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  return new Engine('model/');
}

test('a run that WebGPU interrupts by taking over is made there, and WebGPU goes on', async () => {
  const engine = makeEngine();
  await engine.load();
  const running = engine.run({ slow: true });
  assert.ok(await engine.tryWebGpu(() => true));
  assert.equal((await running).by, 'webgpu');
  assert.equal((await engine.run({})).by, 'webgpu');
  assert.deepEqual(
    FakeWorker.all.map(({ stopped }) => stopped),
    [true, false],
  );
});
