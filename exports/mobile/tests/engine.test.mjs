/** The engine between two runtimes, both made up, and what is kept of answers: the phone's own is seen in the browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../page/js/engine.js';
import { JOINT_NAMES, standing } from '../page/js/joints.js';
import { Reposer } from '../page/js/reposer.js';

const CARD = { file: 'some.tflite', bytes: 4, image_size: [64, 64], joint_names: JOINT_NAMES };
const INPUTS = [
  { name: 'source_image', shape: [1, 64, 64, 3] },
  { name: 'source_keypoints', shape: [1, 18, 2] },
  { name: 'target_keypoints', shape: [1, 18, 2] },
];

/**
 * Answers at once, but never to the photo that is `slow` while it is WebAssembly, fails at a `broken` one, and has
 * loaded on WebGPU when `loading` is.
 */
class FakeWorker {
  #listeners = {};
  #accelerator;
  stopped = false;
  static all = [];
  static loading = Promise.resolve();

  constructor() {
    FakeWorker.all.push(this);
  }

  addEventListener(type, listener) {
    this.#listeners[type] = listener;
  }

  terminate() {
    this.stopped = true;
  }

  async postMessage({ id, type, accelerator, inputs }) {
    if (type === 'load') this.#accelerator = accelerator;
    if (type === 'load' && accelerator === 'webgpu') await FakeWorker.loading;
    if (inputs?.slow && this.#accelerator === 'wasm') return;
    const run = { outputs: { image: new Uint8Array(4) }, milliseconds: 1 };
    const load = { accelerator, inputs: INPUTS, outputs: [{ name: 'image' }], files: [] };
    const answer = {
      id,
      ok: !inputs?.broken,
      by: this.#accelerator,
      ...(type === 'load' ? load : run),
    };
    await null;
    if (!this.stopped) this.#listeners.message({ data: answer });
  }
}

function makeEngine() {
  FakeWorker.all = [];
  FakeWorker.loading = Promise.resolve();
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

test('WebAssembly that fails while WebGPU loads ends the trial, and the next run starts afresh', async () => {
  const engine = makeEngine();
  await engine.load();
  let hasLoaded;
  FakeWorker.loading = new Promise((resolve) => (hasLoaded = resolve));
  const trial = engine.tryWebGpu(() => true);
  await assert.rejects(engine.run({ broken: true }));
  hasLoaded();
  assert.equal(await trial, null);
  assert.equal((await engine.run({})).by, 'wasm');
  assert.deepEqual(
    FakeWorker.all.map(({ stopped }) => stopped),
    [true, true, false],
  );
});

test('the answer for one photo is not kept for the next', async () => {
  const waiting = [];
  const reposer = new Reposer({
    load: async () => ({
      card: { image_size: [4, 4] },
      runtime: { outputs: [{ name: 'image', shape: [1, 4, 4, 3] }] },
    }),
    run: ({ source_image: image }) =>
      new Promise((resolve) =>
        waiting.push(() => resolve({ outputs: { image }, milliseconds: 1 })),
      ),
  });
  const size = { width: 4, height: 4 };
  const photos = [10, 20].map((level) => {
    const canvas = { ...size, getContext: () => ({ getImageData: () => ({ data, ...size }) }) };
    const data = new Uint8ClampedArray(64).fill(level);
    return { ...size, canvas };
  });
  const pose = standing(size);
  const run = (picture) =>
    reposer.run({ picture, source: pose, from: pose, target: pose, box: null }, pose);
  const level = async (result) => (await result).answer.image.data[0];
  const first = run(photos[0]);
  const second = run(photos[1]);
  while (waiting.length < 2) await null;
  waiting.forEach((answer) => answer());
  assert.equal(await level(first), 10);
  assert.equal(await level(second), 20);
  assert.equal(await level(run(photos[1])), 20);
});
