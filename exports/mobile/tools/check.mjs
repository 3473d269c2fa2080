/**
 * Runs given tensors through the page's runtime, so that another program can compare the numbers:
 * `npm run --silent check -- --model=posewarp.tflite --inputs=folder --out=folder [--threads=1]`.
 *
 * Each folder in --inputs is one case with one .npy file per input (source_image.npy, ...); --out gets a folder of the
 * same name with one .npy file per output. Prints {"cases": n, "accelerator": "wasm", "threads": 1}.
 */

import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { readArguments, stop } from './arguments.mjs';
import { readNpy, writeNpy } from './npy.mjs';
import { loadEngine, runEngine, withModel } from './session.mjs';

const given = readArguments({
  model: { help: 'the .tflite file' },
  metadata: { default: '', help: 'metadata.json of the exporter (default: beside the model)' },
  inputs: { help: 'folder of folders of .npy files, one per input' },
  out: { help: 'folder to write' },
  threads: { default: '1', help: 'threads of WebAssembly (1)' },
});

const entries = await readdir(given.inputs, { withFileTypes: true }).catch(() =>
  stop(`${given.inputs}: no such folder`),
);
const cases = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
if (!cases.length) stop(`${given.inputs}: has no folders; each is one case`);
const result = await withModel(given, async (page) => {
  const runtime = await loadEngine(page, { threads: Number(given.threads), anySignature: true });
  for (const name of cases) await runCase(page, runtime, name);
  return { cases: cases.length, accelerator: runtime.accelerator, threads: runtime.threads };
});
console.log(JSON.stringify(result));

async function runCase(page, runtime, name) {
  const inputs = {};
  for (const input of runtime.inputs) {
    const file = path.join(given.inputs, name, `${input.name}.npy`);
    inputs[input.name] = (await readNpy(file).catch((error) => stop(error.message))).data;
  }
  const { outputs } = await runEngine(page, inputs);
  const folder = path.join(given.out, name);
  await mkdir(folder, { recursive: true });
  for (const { name: output, shape } of runtime.outputs) {
    await writeNpy(path.join(folder, `${output}.npy`), outputs[output], shape);
  }
}
