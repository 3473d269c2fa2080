/**
 * Runs the model with LiteRT.js, away from the page's own thread.
 *
 * A classic worker, because LiteRT.js loads its WebAssembly with importScripts. Messages in:
 *   {id, type: 'load', model: ArrayBuffer, accelerator: 'wasm' | 'webgpu', threads?: number}
 *   {id, type: 'run', inputs: Object<string, TypedArray>}
 * and out: {id, ok: true, ...} or {id, ok: false, name, message}.
 */

const RUNTIME = new URL('../vendor/litert/', self.location.href).href;
const WASM = new URL('../vendor/litert/wasm/', self.location.href).href;

/** The last complaints of LiteRT: they go into error messages, as its exceptions alone seldom say why. */
const lastWords = [];
for (const level of ['log', 'info', 'warn', 'error']) {
  console[level] = (...words) => {
    const text = words.join(' ').trim();
    if (text && !/^(INFO|WARNING):/.test(text)) lastWords.push(text);
    lastWords.splice(0, lastWords.length - 20);
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

/** Loads the runtime and compiles the model. */
async function load({ model, accelerator, threads = 1 }) {
  const started = performance.now();
  litert = await import(`${RUNTIME}index.js`);
  const bytes = new Uint8Array(model);
  compiled = await (accelerator === 'webgpu'
    ? compileForWebGpu(bytes)
    : compileForWasm(bytes, threads));
  const describe = ({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] });
  const answer = {
    accelerator,
    threads: accelerator === 'wasm' ? threads : 0,
    inputs: compiled.getInputDetails().map(describe),
    outputs: compiled.getOutputDetails().map(describe),
    milliseconds: performance.now() - started,
    files: performance.getEntriesByType('resource').map(({ name }) => name),
  };
  return { answer };
}

async function compileForWasm(bytes, threads) {
  await loadRuntime({ threads: threads > 1 });
  return litert.loadAndCompile(bytes, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
}

/** Operations that the graphics processor lacks run as WebAssembly, where the browser can switch between both. */
async function compileForWebGpu(bytes) {
  await loadRuntime({ jspi: await litert.supportsFeature('jspi') });
  // Flows are positions in pixels: half precision would move them.
  const options = { accelerator: 'webgpu', gpuOptions: { precision: 'fp32' } };
  const candidate = await litert.loadAndCompile(bytes, options);
  if (candidate.options.accelerator !== 'webgpu')
    throw new Error('the model does not run on WebGPU');
  return candidate;
}

/** Loads LiteRT; in a worker it has to be told where its own files are. */
function loadRuntime(options) {
  self.Module = {
    locateFile: (name) => WASM + name,
    mainScriptUrlOrBlob: `${WASM}litert_wasm_threaded_internal.js`,
  };
  return litert.loadLiteRt(WASM, options);
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
    lastWords.length = 0;
    const results = await compiled.run(given);
    // A run that fails, for want of memory say, prints why but returns zeros.
    if (lastWords.some((text) => text.startsWith('ERROR'))) throw new Error('the run failed');
    Object.values(results).forEach(keep);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results))
      outputs[name] = (await tensor.data()).slice();
    const answer = { outputs, milliseconds: performance.now() - started };
    return { answer, transfer: Object.values(outputs).map((array) => array.buffer) };
  } finally {
    for (const tensor of tensors) if (!tensor.deleted) tensor.delete();
  }
}
