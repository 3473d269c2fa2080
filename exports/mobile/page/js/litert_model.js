/**
 * One model of LiteRT.js, compiled and ready to run. Only for classic workers: LiteRT.js loads its WebAssembly with
 * importScripts.
 */

const RUNTIME = new URL('../vendor/litert/', import.meta.url).href;
const WASM = `${RUNTIME}wasm/`;

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
let runtime = null;

/** What the runtime said before it failed. */
export function complaints() {
  return [...lastWords];
}

export class LiteRtModel {
  #compiled;

  constructor(compiled) {
    this.#compiled = compiled;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {{accelerator: 'wasm' | 'webgpu', threads: number}} settings  Of all models in this worker.
   */
  static async compile(bytes, { accelerator, threads }) {
    litert ??= await import(`${RUNTIME}index.js`);
    const compile = accelerator === 'webgpu' ? compileForWebGpu : compileForWasm;
    return new LiteRtModel(await compile(bytes, threads));
  }

  get inputs() {
    return this.#compiled.getInputDetails().map(describe);
  }

  get outputs() {
    return this.#compiled.getOutputDetails().map(describe);
  }

  /**
   * Runs the model once. Tensors live in the runtime's own memory and are freed by hand.
   * @param {Object<string, TypedArray>} inputs  By name.
   * @returns {Promise<Object<string, TypedArray>>} outputs by name.
   */
  async run(inputs) {
    const tensors = [];
    const keep = (tensor) => {
      tensors.push(tensor);
      return tensor;
    };
    try {
      const given = {};
      for (const { name, dtype, shape } of this.inputs) {
        const size = shape.reduce((product, length) => product * length, 1);
        if (inputs[name]?.length !== size) {
          throw new TypeError(`input ${name}: expected ${size} values of ${dtype}`);
        }
        given[name] = keep(new litert.Tensor(inputs[name], shape));
      }
      lastWords.length = 0;
      const results = await this.#compiled.run(given);
      // A run that fails, for want of memory say, prints why but returns zeros.
      if (lastWords.some((text) => text.startsWith('ERROR'))) throw new Error('the run failed');
      Object.values(results).forEach(keep);
      const outputs = {};
      for (const [name, tensor] of Object.entries(results))
        outputs[name] = (await tensor.data()).slice();
      return outputs;
    } finally {
      for (const tensor of tensors) if (!tensor.deleted) tensor.delete();
    }
  }

  /** The same, of a model whose inputs and outputs are told apart by their order in the file. */
  async runInOrder(inputs) {
    const named = this.inputs.map(({ name }, index) => [name, inputs[index]]);
    const outputs = await this.run(Object.fromEntries(named));
    return this.outputs.map(({ name }) => outputs[name]);
  }
}

function describe({ name, dtype, shape }) {
  return { name, dtype, shape: [...shape] };
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

/** Loads LiteRT, once; in a worker it has to be told where its own files are. */
function loadRuntime(options) {
  self.Module = {
    locateFile: (name) => WASM + name,
    mainScriptUrlOrBlob: `${WASM}litert_wasm_threaded_internal.js`,
  };
  runtime ??= litert.loadLiteRt(WASM, options);
  return runtime;
}
