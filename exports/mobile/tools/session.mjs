/** A model in the page's own runtime, driven from a program: for timing and for comparing numbers. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launch } from './browser.mjs';
import { build } from './build.mjs';
import { serve } from './server.mjs';

/**
 * Builds and opens the page with a model, calls `use(page, url)` and cleans up.
 * @template T
 * @param {{model: string, metadata: string}} files
 * @param {(page: import('playwright-core').Page, url: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withModel({ model, metadata }, use) {
  const folder = await mkdtemp(path.join(tmpdir(), 'posewarp-'));
  const root = path.join(folder, 'page');
  await build(model, metadata || path.join(path.dirname(model), 'metadata.json'), root);
  const server = await serve(root);
  const browser = await launch();
  try {
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    // A page of the same origin that loads no model of its own.
    await page.goto(new URL('runtime.html', server.url).href);
    return await use(page, server.url);
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Loads the model in the page as `window.engine`; what the runtime says about itself comes back. */
export function loadEngine(page, settings) {
  return page.evaluate(async (given) => {
    const { Engine } = await import('./js/engine.js');
    window.engine = new Engine('model/', given);
    const { card, runtime } = await window.engine.load();
    return { ...runtime, image_size: card.image_size, bytes: card.bytes };
  }, settings);
}

/** Runs the loaded model; arrays travel as plain lists with their dtype. */
export async function runEngine(page, inputs) {
  const packed = Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, pack(array)]),
  );
  const answer = await page.evaluate(async (given) => {
    const arrays = { u: Uint8Array, f: Float32Array };
    const unpack = ({ kind, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      return new arrays[kind](bytes.buffer);
    };
    const tensors = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, unpack(value)]),
    );
    const { outputs, milliseconds } = await window.engine.run(tensors);
    const toBase64 = (array) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      let text = '';
      for (let i = 0; i < bytes.length; i += 8192)
        text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return { kind: array instanceof Uint8Array ? 'u' : 'f', base64: btoa(text) };
    };
    const texts = Object.fromEntries(
      Object.entries(outputs).map(([name, array]) => [name, toBase64(array)]),
    );
    return { outputs: texts, milliseconds };
  }, packed);
  const outputs = Object.fromEntries(
    Object.entries(answer.outputs).map(([name, value]) => [name, unpack(value)]),
  );
  return { outputs, milliseconds: answer.milliseconds };
}

function pack(array) {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return { kind: array instanceof Uint8Array ? 'u' : 'f', base64: bytes.toString('base64') };
}

function unpack({ kind, base64 }) {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return kind === 'u' ? bytes : new Float32Array(bytes.buffer);
}
