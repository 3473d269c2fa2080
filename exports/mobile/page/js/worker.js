/**
 * Works away from the page's own thread: runs the model that re-poses, or the two that find a person's joints or the
 * landmarks of a face, or puts the model's answer into the photo.
 *
 * A classic worker, as litert_model.js needs. Messages in:
 *   {id, type: 'load', model: ArrayBuffer, accelerator: 'wasm' | 'webgpu', threads?: number}
 *   {id, type: 'run', inputs: Object<string, TypedArray>}
 *   {id, type: 'load-detection', who: 'person' | 'face', detector: ArrayBuffer, landmarks: ArrayBuffer, threads: number}
 *   {id, type: 'find', pixels: Pixels}
 *   {id, type: 'prepare-composing'}
 *   {id, type: 'compose', photo: Pixels, window: Window, answer: Answer}
 * and out: {id, ok: true, ...} or {id, ok: false, name, message}.
 */

const handlers = {
  load,
  run,
  'load-detection': loadDetection,
  find: findPoints,
  'prepare-composing': prepareComposing,
  compose,
};
let reposer = null;
let detection = null;
let composing = null;

self.addEventListener('message', async ({ data }) => {
  try {
    const { answer, transfer } = await handlers[data.type](data);
    self.postMessage({ id: data.id, ok: true, ...answer }, transfer ?? []);
  } catch (error) {
    const { complaints } = await import('./litert_model.js').catch(() => ({
      complaints: () => [],
    }));
    const message = [error?.message ?? String(error), ...complaints()].join('\n');
    self.postMessage({ id: data.id, ok: false, name: error?.name ?? 'Error', message });
  }
});

/** Loads the runtime and compiles the model that re-poses. */
async function load({ model, accelerator, threads = 1 }) {
  const started = performance.now();
  const { LiteRtModel } = await import('./litert_model.js');
  reposer = await LiteRtModel.compile(new Uint8Array(model), { accelerator, threads });
  const { inputs, outputs } = reposer;
  const answer = {
    accelerator,
    threads: accelerator === 'wasm' ? threads : 0,
    inputs,
    outputs,
    milliseconds: performance.now() - started,
    files: loadedFiles(),
  };
  return { answer };
}

function loadedFiles() {
  return performance.getEntriesByType('resource').map(({ name }) => name);
}

async function run({ inputs }) {
  const started = performance.now();
  const outputs = await reposer.run(inputs);
  const answer = { outputs, milliseconds: performance.now() - started };
  return { answer, transfer: Object.values(outputs).map((array) => array.buffer) };
}

async function loadDetection({ who, detector, landmarks, threads }) {
  const { LiteRtModel } = await import('./litert_model.js');
  const compile = (bytes) =>
    LiteRtModel.compile(new Uint8Array(bytes), { accelerator: 'wasm', threads });
  detection = { who, detector: await compile(detector), landmarks: await compile(landmarks) };
  return { answer: {} };
}

/** Joints of the largest person in a picture, or landmarks of the largest face. */
async function findPoints({ pixels }) {
  const started = performance.now();
  const found =
    detection.who === 'face'
      ? await (await import('./detection/face_finder.js')).findFace(pixels, detection)
      : await (await import('./detection/finder.js')).findPerson(pixels, detection);
  return { answer: { ...found, milliseconds: performance.now() - started } };
}

async function prepareComposing() {
  composing = await import('./full_resolution.js');
  return { answer: {} };
}

/** The model's answer in the photo, as full_resolution.js describes it. */
async function compose({ photo, window, answer }) {
  const started = performance.now();
  const data = composing.compose(photo, window, answer);
  return { answer: { data, milliseconds: performance.now() - started }, transfer: [data.buffer] };
}
