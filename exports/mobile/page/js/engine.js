/**
 * The model as the rest of the page sees it: load once, then run.
 *
 * @typedef {Object} ModelCard  What model.json says; written by tools/build.mjs.
 * @property {string} name
 * @property {string} file  Name of the .tflite file, beside model.json.
 * @property {number} bytes
 * @property {string} sha256
 * @property {[number, number]} image_size  Height and width.
 * @property {string[]} joint_names
 *
 * @typedef {Object} Runtime
 * @property {'webgpu' | 'wasm'} accelerator
 * @property {number} threads  0 on WebGPU.
 * @property {{name: string, dtype: string, shape: number[]}[]} inputs
 * @property {{name: string, dtype: string, shape: number[]}[]} outputs
 * @property {number} milliseconds
 */

import { PageError, explain } from './errors.js';

export const INPUT_NAMES = ['source_image', 'source_keypoints', 'target_keypoints'];
const MAX_THREADS = 4;

export class Engine {
  #worker = null;
  #waiting = new Map();
  #nextId = 0;
  #folder;
  #settings;
  #loading = null;

  /**
   * @param {string | URL} folder  Where model.json and the .tflite file lie.
   * @param {{threads?: number, allowWebGpu?: boolean}} settings
   */
  constructor(folder, settings = {}) {
    this.#folder = new URL(folder, document.baseURI);
    const threads = globalThis.crossOriginIsolated
      ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1)
      : 1;
    this.#settings = { threads, allowWebGpu: true, ...settings };
  }

  /**
   * Loads the model; later calls return the same answer, after a failure they try again.
   * @returns {Promise<{card: ModelCard, runtime: Runtime}>}
   */
  load() {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null;
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
    return this.#ask({ type: 'run', inputs });
  }

  async #load() {
    const card = await fetchCard(new URL('model.json', this.#folder));
    const model = await fetchModel(new URL(card.file, this.#folder), card);
    const runtime = await this.#ask({ type: 'load', model, ...this.#settings }, [model]);
    checkSignature(card, runtime);
    return { card, runtime };
  }

  #ask(message, transfer = []) {
    this.#worker ??= this.#startWorker();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...message, id }, transfer);
    });
  }

  #startWorker() {
    const worker = new Worker(new URL('worker.js', import.meta.url));
    worker.addEventListener('message', ({ data }) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.ok) waiting?.resolve(data);
      else this.#fail(explain(data), waiting);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#fail(explain(event));
    });
    return worker;
  }

  /** A runtime that failed once is not to be trusted: the next call starts a fresh one. */
  #fail(error, first) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#loading = null;
    first?.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

async function fetchCard(url) {
  const response = await fetchOr(url, 'model-missing');
  try {
    return await response.json();
  } catch (error) {
    throw new PageError('model-missing', error);
  }
}

async function fetchModel(url, card) {
  const response = await fetchOr(url, 'model-missing');
  let bytes;
  try {
    bytes = await response.arrayBuffer();
  } catch (error) {
    throw explain(error);
  }
  // There is no digest on plain http, where the length has to do.
  const digest = globalThis.crypto?.subtle && (await crypto.subtle.digest('SHA-256', bytes));
  if (bytes.byteLength !== card.bytes || (digest && toHex(digest) !== card.sha256)) {
    throw new PageError('model-broken', `${url}: got ${bytes.byteLength} bytes, expected ${card.bytes}`);
  }
  return bytes;
}

async function fetchOr(url, kind) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new PageError(kind, error);
  }
  if (!response.ok) throw new PageError(kind, `${url}: ${response.status}`);
  return response;
}

function toHex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function checkSignature(card, runtime) {
  const given = runtime.inputs.map(({ name }) => name).sort();
  const wanted = [...INPUT_NAMES].sort();
  const image = runtime.inputs.find(({ name }) => name === 'source_image');
  const size = [1, ...card.image_size, 3];
  const fits = given.join() === wanted.join() && image.shape.join() === size.join();
  if (!fits || !runtime.outputs.some(({ name }) => name === 'image')) {
    throw new PageError('model-foreign', `inputs ${given.join(', ')}`);
  }
}
