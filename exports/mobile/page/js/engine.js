/**
 * The model as the rest of the page sees it: load once, then run.
 *
 * WebAssembly runs every model and comes first. If the device has WebGPU, a second copy is tried there, and takes over
 * only if it makes the same picture in less time: drivers that compute something else are not rare.
 *
 * @typedef {Object} Runtime
 * @property {'webgpu' | 'wasm'} accelerator
 * @property {number} threads  0 on WebGPU.
 * @property {{name: string, dtype: string, shape: number[]}[]} inputs
 * @property {{name: string, dtype: string, shape: number[]}[]} outputs
 * @property {number} milliseconds  To load and compile.
 * @property {string[]} files  Addresses of what the runtime is made of.
 * @typedef {{card: import('./model_file.js').ModelCard, model: string, runtime: Runtime}} Loaded  `model`: its address.
 */

import { PageError, explain } from './errors.js';
import { NUM_CHANNELS as FACE_CHANNELS } from './animation/face_maps.js';
import { NUM_CHANNELS as PERSON_CHANNELS } from './animation/pose_maps.js';
import { JOINT_NAMES, standing } from './joints.js';
import { INPUT_NAMES, STEP_INPUT_NAMES, fetchCard, fetchModel } from './model_file.js';
import { ModelWorker } from './model_worker.js';
import { toTensor, wholeWindow } from './window.js';

const MAX_THREADS = 4;
/** Levels of 255 by which a picture of another processor may differ. */
const MAX_DIFFERENCE = 2;
/** Of the maps of a pose, by what a recurrent model was trained on. */
const CHANNELS = { dance_clips: PERSON_CHANNELS, face_clips: FACE_CHANNELS };

export class Engine {
  #folder;
  #threads;
  #anySignature;
  #worker = null;
  #loading = null;
  #spareBytes = null;

  /**
   * @param {string} folder  Where model.json and the .tflite file lie.
   * @param {{threads?: number, anySignature?: boolean}} settings  Threads of WebAssembly; by default what the device
   *   has, up to 4. Whether models are taken that need more than a photo and joints.
   */
  constructor(folder, { threads = defaultThreads(), anySignature = false } = {}) {
    this.#folder = new URL(folder, document.baseURI);
    this.#threads = threads;
    this.#anySignature = anySignature;
  }

  /**
   * Loads the model; later calls return the same answer, after a failure they try again.
   * @returns {Promise<Loaded>}
   */
  load() {
    this.#loading ??= this.#load().catch((error) => {
      this.#stop();
      throw error;
    });
    return this.#loading;
  }

  /**
   * @param {Object<string, Uint8Array | Float32Array>} inputs
   * @returns {Promise<{outputs: Object<string, Uint8Array | Float32Array>, milliseconds: number}>}
   */
  async run(inputs) {
    await this.load();
    const worker = this.#worker;
    try {
      return await worker.ask({ type: 'run', inputs });
    } catch (error) {
      // Stopped because WebGPU took over: that one has not failed, and makes what was asked for.
      if (this.#worker && this.#worker !== worker) return this.run(inputs);
      // A runtime that failed once is not to be trusted: the next call starts a fresh one.
      this.#stop();
      throw explain(error);
    }
  }

  /**
   * Moves to WebGPU if that is there, right and `faster`.
   * @param {(milliseconds: {wasm: number, webgpu: number}) => boolean} faster
   * @returns {Promise<Loaded & {difference: number} | null>}  null: stays with WebAssembly.
   */
  async tryWebGpu(faster = ({ wasm, webgpu }) => webgpu < wasm) {
    if (!(await navigator.gpu?.requestAdapter())) return null;
    const loaded = await this.load();
    // One frame is no proof of what grows from frame to frame.
    if (loaded.card.recurrent) {
      this.#spareBytes = null;
      return null;
    }
    const current = this.#worker;
    const bytes = this.#spareBytes;
    this.#spareBytes = null;
    const candidate = new ModelWorker();
    try {
      const own = await candidate.ask({ type: 'load', accelerator: 'webgpu', model: bytes }, [
        bytes,
      ]);
      const probe = { type: 'run', inputs: makeProbe(loaded.card) };
      const [wasm, webgpu] = [await second(current, probe), await second(candidate, probe)];
      const difference = largestDifference(wasm.outputs.image, webgpu.outputs.image);
      const times = { wasm: wasm.milliseconds, webgpu: webgpu.milliseconds };
      if (difference > MAX_DIFFERENCE) throw new Error(`its picture is ${difference} levels off`);
      if (!faster(times)) throw new Error('it is not faster');
      if (this.#worker !== current) throw new Error('WebAssembly failed and was started again');
      const moved = { ...loaded, runtime: own };
      this.#worker = candidate;
      this.#loading = Promise.resolve(moved);
      current.stop();
      return { ...moved, difference };
    } catch (error) {
      console.info(`WebGPU is not used: ${error.detail ?? error.message}`);
      candidate.stop();
      return null;
    }
  }

  async #load() {
    const card = await fetchCard(this.#folder);
    const { bytes, url } = await fetchModel(this.#folder, card);
    this.#worker = new ModelWorker();
    this.#spareBytes = navigator.gpu ? bytes.slice(0) : null;
    const message = { type: 'load', accelerator: 'wasm', model: bytes, threads: this.#threads };
    const runtime = await this.#worker.ask(message, [bytes]);
    if (!this.#anySignature) checkSignature(card, runtime);
    return { card, model: url.href, runtime };
  }

  #stop() {
    this.#worker?.stop();
    this.#worker = null;
    this.#loading = null;
  }
}

export function defaultThreads() {
  return globalThis.crossOriginIsolated
    ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1)
    : 1;
}

function checkSignature(card, runtime) {
  if (card.recurrent) return checkStep(card, runtime);
  const given = runtime.inputs.map(({ name }) => name).sort();
  const image = runtime.inputs.find(({ name }) => name === 'source_image');
  const size = [1, ...card.image_size, 3];
  const fits =
    given.join() === [...INPUT_NAMES].sort().join() && image.shape.join() === size.join();
  if (card.joint_names?.join() !== JOINT_NAMES.join()) {
    throw new PageError('model-foreign', `joints ${card.joint_names}`);
  }
  if (!fits || !runtime.outputs.some(({ name }) => name === 'image')) {
    throw new PageError('model-foreign', `inputs ${given.join(', ')}`);
  }
}

/** Of a recurrent model: that all it needs can be made, and that its state comes out. */
function checkStep(card, { inputs, outputs }) {
  const names = (tensors) => tensors.map(({ name }) => name).sort();
  const pose = inputs.find(({ name }) => name === 'target_pose');
  const fits =
    names(inputs).join() === [...STEP_INPUT_NAMES].sort().join() &&
    names(outputs).join() === 'image,previous_image,previous_pose' &&
    pose.shape.join() === [1, ...card.image_size, CHANNELS[card.material]].join();
  if (!fits) throw new PageError('model-foreign', `inputs ${names(inputs).join(', ')}`);
}

/** Waves of colour and a person who bends a little: something to compare two processors by. */
function makeProbe({ image_size: [height, width] }) {
  const image = new Uint8Array(height * width * 3);
  image.forEach((_, i) => (image[i] = 127 + 100 * Math.sin(i / 97 + ((i % 3) * i) / (width * 30))));
  const size = { width, height };
  const source = standing(size);
  const target = source.map((joint) => ({
    ...joint,
    x: joint.x + (0.1 * (height / 2 - joint.y) * width) / height,
  }));
  const [sourceKeypoints, targetKeypoints] = [source, target].map((pose) =>
    toTensor(pose, wholeWindow(size), [height, width]),
  );
  return {
    source_image: image,
    source_keypoints: sourceKeypoints,
    target_keypoints: targetKeypoints,
  };
}

/** The first run of a graphics processor compiles; the second tells its speed. */
async function second(worker, message) {
  await worker.ask(message);
  return worker.ask(message);
}

function largestDifference(a, b) {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index])), 0);
}
