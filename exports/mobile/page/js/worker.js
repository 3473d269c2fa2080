/**
 * Runs the model with LiteRT.js, away from the page's own thread.
 *
 * A classic worker, because LiteRT.js loads its WebAssembly with importScripts. Messages in:
 *   {id, type: 'load', model: ArrayBuffer, threads: number, allowWebGpu: boolean}
 *   {id, type: 'run', inputs: Object<string, TypedArray>}
 * and out: {id, ok: true, ...} or {id, ok: false, name, message}.
 */

const RUNTIME = new URL('../vendor/litert/', self.location.href).href;
const WASM = new URL('../vendor/litert/wasm/', self.location.href).href;

/** What LiteRT itself printed last; its exceptions alone seldom say why. */
const lastWords = [];
for (const level of ['warn', 'error', 'log', 'info']) {
  const original = console[level].bind(console);
  console[level] = (...words) => {
    lastWords.push(words.join(' '));
    lastWords.splice(0, lastWords.length - 20);
    original(...words);
  };
}

let litert = null;
let compiled = null;

const handlers = { load, run };

self.addEventListener('message', async ({ data }) => {
  try {
    const { answer, transfer } = await handlers[data.type](data);
    self.postMessage({ id: data.id, ok: true, ...answer }, transfer ?? []);
  } catch (error) {
    const message = [error?.message ?? String(error), ...lastWords].join('\n');
    self.postMessage({ id: data.id, ok: false, name: error?.name ?? 'Error', message });
  }
});

/** Loads the runtime and compiles the model: on WebGPU if all of it runs there, else as WebAssembly. */
async function load({ model, threads, allowWebGpu }) {
  const started = performance.now();
  litert = await import(`${RUNTIME}index.js`);
  const bytes = new Uint8Array(model);
  let accelerator = 'wasm';
  if (allowWebGpu && (await hasWebGpu())) accelerator = (await compileForWebGpu(bytes)) ?? 'wasm';
  if (!compiled) await compileForWasm(bytes, threads);
  const describe = ({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] });
  const answer = {
    accelerator,
    threads: accelerator === 'wasm' ? threads : 0,
    inputs: compiled.getInputDetails().map(describe),
    outputs: compiled.getOutputDetails().map(describe),
    milliseconds: performance.now() - started,
  };
  return { answer };
}

async function hasWebGpu() {
  try {
    return Boolean(await self.navigator.gpu?.requestAdapter());
  } catch {
    return false;
  }
}

/** Loads LiteRT; in a worker it has to be told where its own files are. */
function loadRuntime(threads) {
  self.Module = {
    locateFile: (name) => WASM + name,
    mainScriptUrlOrBlob: `${WASM}litert_wasm_threaded_internal.js`,
  };
  return litert.loadLiteRt(WASM, { threads: threads > 1 });
}

/** Returns the accelerator in use, or null if the graphics processor cannot run the whole model. */
async function compileForWebGpu(bytes) {
  try {
    await loadRuntime(1);
    // Flows are pixel positions: half precision would move them.
    const options = { accelerator: 'webgpu', gpuOptions: { precision: 'fp32' } };
    const candidate = await litert.loadAndCompile(bytes, options);
    if (candidate.isFullyAccelerated && candidate.options.accelerator === 'webgpu') {
      compiled = candidate;
      return 'webgpu';
    }
    candidate.delete();
  } catch {
    // Nothing is lost: WebAssembly runs everywhere.
  }
  litert.unloadLiteRt();
  return null;
}

async function compileForWasm(bytes, threads) {
  await loadRuntime(threads);
  compiled = await litert.loadAndCompile(bytes, {
    accelerator: 'wasm',
    cpuOptions: { numThreads: threads },
  });
}

/** Runs the model once. Tensors live in the runtime's own memory and are freed by hand. */
async function run({ inputs }) {
  const tensors = [];
  const keep = (tensor) => {
    tensors.push(tensor);
    return tensor;
  };
  try {
    const started = performance.now();
    const given = {};
    for (const { name, dtype, shape } of compiled.getInputDetails()) {
      const size = shape.reduce((product, length) => product * length, 1);
      if (inputs[name]?.length !== size) {
        throw new TypeError(`input ${name}: expected ${size} values of ${dtype}`);
      }
      given[name] = keep(new litert.Tensor(inputs[name], [...shape]));
    }
    const results = await compiled.run(given);
    Object.values(results).forEach(keep);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) outputs[name] = (await tensor.data()).slice();
    const answer = { outputs, milliseconds: performance.now() - started };
    return { answer, transfer: Object.values(outputs).map((array) => array.buffer) };
  } finally {
    for (const tensor of tensors) if (!tensor.deleted) tensor.delete();
  }
}
