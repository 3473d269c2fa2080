/**
 * Prints the time of one inference in Chromium as JSON:
 * `npm run --silent time -- --model=posewarp.tflite [--threads=1] [--runs=10]`.
 *
 * {"accelerator": "wasm", "threads": 1, "runs": 10, "load_ms": ..., "median_ms": ..., "min_ms": ...}
 */

import { readArguments } from './arguments.mjs';
import { loadEngine, withModel } from './session.mjs';

const given = readArguments({
  model: { help: 'the .tflite file' },
  metadata: { default: '', help: 'metadata.json of the exporter (default: beside the model)' },
  threads: { default: '1', help: 'threads of WebAssembly (1)' },
  runs: { default: '10', help: 'runs that are timed, after one that is not (10)' },
});

const result = await withModel(given, async (page) => {
  const runtime = await loadEngine(page, { threads: Number(given.threads), anySignature: true });
  const times = await page.evaluate(timeRuns, { inputs: runtime.inputs, runs: Number(given.runs) });
  times.sort((a, b) => a - b);
  return {
    accelerator: runtime.accelerator,
    threads: runtime.threads,
    runs: times.length,
    load_ms: round(runtime.milliseconds),
    median_ms: round((times[(times.length - 1) >> 1] + times[times.length >> 1]) / 2),
    min_ms: round(times[0]),
  };
});
console.log(JSON.stringify(result));

/** Runs in the page: a grey picture and joints along its diagonal; the time does not depend on them. */
async function timeRuns({ inputs, runs }) {
  const tensors = {};
  for (const { name, dtype, shape } of inputs) {
    const size = shape.reduce((product, length) => product * length, 1);
    tensors[name] =
      dtype === 'uint8'
        ? new Uint8Array(size).fill(128)
        : Float32Array.from({ length: size }, (_, i) => i);
  }
  await window.engine.run(tensors);
  const times = [];
  for (let i = 0; i < runs; i++) times.push((await window.engine.run(tensors)).milliseconds);
  return times;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
