/**
 * Puts the page, LiteRT.js and its models into a folder that any web server can serve:
 * `npm run build -- --model=posewarp.tflite [--metadata=metadata.json] [--pose_models=folder] --out=folder`.
 *
 * With the two models in --pose_models the page finds the joints of a photo, or the landmarks of its face, by itself;
 * without, joints are placed by hand, and landmarks read from files.
 * Beside the models, model.json tells the page their sizes and digests, the picture size, the joint order and, where the exporter
 * knows it, how people stand in the training's pictures.
 * precache.js names the version, a digest of every file, so that a phone which has an older one notices.
 *
 * A recurrent model, which animates, gets a page of its own: animation.html in the place of index.html, which is told
 * whether it is one of persons or of faces.
 *
 * Without a model, the page is one for `posewarp app`, which puts models beside it while it serves: served/ has what such
 * a page has instead.
 */

import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { INPUT_NAMES } from '../page/js/model_file.js';
import { readArguments, stop } from './arguments.mjs';

const HERE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PACKAGES = path.join(HERE, 'node_modules', '@litertjs');
/** What a recurrent model has in the place of index.html. */
const ANIMATION = 'animation.html';
/** What only pages of models need that animate, by what these were trained on. */
const ONLY_FOR = {
  dance_clips: ['dances.json'],
  face_clips: ['talks.json', 'face.jpg', 'face.json'],
};
/** Files of --pose_models: what finds people, and the landmarks of one of them. */
const POSE_MODELS = { detector: 'pose_detection.tflite', landmarks: 'pose_landmark_full.tflite' };
/** Of a model of faces: what finds faces, and the landmarks of one of them. */
const FACE_MODELS = {
  detector: 'face_detection_short_range.tflite',
  landmarks: 'face_landmark.tflite',
};

/**
 * @param {string} modelPath  '' for a page without a model.
 * @param {string} metadataPath  What the TFLite exporter wrote.
 * @param {string} out  Replaced as a whole.
 * @param {string} poseModels  Folder of the models that find joints; '': the page does without.
 */
export async function build(modelPath, metadataPath, out, poseModels = '') {
  const partial = `${path.resolve(out)}.partial`;
  await rm(partial, { recursive: true, force: true });
  await cp(path.join(HERE, 'page'), partial, { recursive: true });
  await copyRuntime(path.join(partial, 'vendor'));
  await settlePage(partial, modelPath ? await readMetadata(metadataPath) : {});
  if (modelPath) {
    await copyModels(modelPath, metadataPath, poseModels, path.join(partial, 'model'));
    await writePrecache(partial);
  } else {
    await cp(path.join(HERE, 'served'), partial, { recursive: true });
  }
  await rm(out, { recursive: true, force: true });
  await rename(partial, out);
}

/** Leaves one of the two pages as index.html, and of the files beside it what this one needs. */
async function settlePage(folder, { recurrent, material }) {
  const animation = path.join(folder, ANIMATION);
  if (recurrent) {
    const html = await readFile(animation, 'utf8');
    const told = html.replace(/ data-material="\w+"/, ` data-material="${material}"`);
    await writeFile(path.join(folder, 'index.html'), told);
  }
  const others = Object.entries(ONLY_FOR).filter(([whose]) => whose !== material);
  for (const file of [ANIMATION, ...others.flatMap(([, files]) => files)])
    await rm(path.join(folder, file));
}

async function copyRuntime(vendor) {
  await mkdir(path.join(vendor, 'litert'), { recursive: true });
  await cp(path.join(PACKAGES, 'core', 'wasm'), path.join(vendor, 'litert', 'wasm'), {
    recursive: true,
  });
  // Workers have no import maps: name the one package that LiteRT.js imports by its file.
  const core = await readFile(path.join(PACKAGES, 'core', 'dist', 'index.js'), 'utf8');
  const linked = core.replace('"@litertjs/wasm-utils"', '"./wasm_utils.js"');
  if (linked === core)
    throw new Error('@litertjs/core: does not import @litertjs/wasm-utils as expected');
  await writeFile(path.join(vendor, 'litert', 'index.js'), withoutSourceMap(linked));
  const utils = await readFile(path.join(PACKAGES, 'wasm-utils', 'dist', 'index.js'), 'utf8');
  await writeFile(path.join(vendor, 'litert', 'wasm_utils.js'), withoutSourceMap(utils));
}

function withoutSourceMap(code) {
  return code.replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

async function copyModels(modelPath, metadataPath, poseModels, folder) {
  await mkdir(folder, { recursive: true });
  const metadata = await readMetadata(metadataPath);
  const card = {
    ...(await copyModel(modelPath, folder)),
    image_size: metadata.image_size,
    joint_names: metadata.joint_names,
    person_frame: metadata.person_frame,
    recurrent: Boolean(metadata.recurrent),
    // Pages of a server, which animate nothing, are not told.
    ...(metadata.recurrent && { material: metadata.material }),
    pose_models: null,
  };
  if (poseModels) {
    card.pose_models = {};
    const files = metadata.material === 'face_clips' ? FACE_MODELS : POSE_MODELS;
    for (const [role, file] of Object.entries(files))
      card.pose_models[role] = await copyModel(path.join(poseModels, file), folder);
  }
  await writeFile(path.join(folder, 'model.json'), `${JSON.stringify(card, null, 2)}\n`);
}

async function copyModel(modelPath, folder) {
  const bytes = await readFile(modelPath).catch(() => stop(`${modelPath}: no such model`));
  const file = path.basename(modelPath);
  await writeFile(path.join(folder, file), bytes);
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function readMetadata(file) {
  const text = await readFile(file, 'utf8').catch(() =>
    stop(`${file}: no such file; the TFLite exporter writes it`),
  );
  let metadata;
  try {
    metadata = JSON.parse(text);
  } catch (error) {
    stop(`${file}: not JSON: ${error.message}`);
  }
  const { image_size: size, joint_names: names } = metadata;
  if (!Array.isArray(size) || size.length !== 2)
    stop(`${file}: image_size: got ${JSON.stringify(size)}, expected [height, width]`);
  if (!metadata.recurrent && (!Array.isArray(names) || names.length !== 18))
    stop(`${file}: joint_names: expected 18 names`);
  return metadata;
}

/** Only of a page for people: the tools here run every model. */
async function requirePhotoAndJoints(file) {
  const metadata = await readMetadata(file);
  const { signatures, recurrent } = metadata;
  if (recurrent && metadata.material === 'face_clips' && metadata.face_background_edges !== false)
    stop(
      `${file}: the model was trained with --face_background_edges, so it needs the frames of whoever it copies, of ` +
        'which the page has the landmarks alone: train it with --face_background_edges=false',
    );
  if (recurrent) return;
  const others = Object.keys(signatures?.serving_default?.inputs ?? {}).filter(
    (name) => !INPUT_NAMES.includes(name),
  );
  if (others.length)
    stop(
      `${file}: the model also needs ${others.join(', ')}, which a phone cannot make from a photo`,
    );
}

async function writePrecache(folder) {
  const entries = await readdir(folder, { recursive: true });
  const [files, onDemand] = [[], []];
  const digest = createHash('sha256');
  for (const entry of entries.sort()) {
    const file = path.join(folder, entry);
    if (!(await stat(file)).isFile()) continue;
    digest.update(entry).update(await readFile(file));
    // Which of the large files a phone needs shows when it first runs: those are kept as they come.
    const list = /\.(tflite|wasm)$|_internal\.js$/.test(entry) ? onDemand : files;
    if (entry !== 'sw.js') list.push(entry.split(path.sep).join('/'));
  }
  const content = { version: digest.digest('hex').slice(0, 16), files, onDemand };
  await writeFile(
    path.join(folder, 'precache.js'),
    `self.PRECACHE = ${JSON.stringify(content, null, 2)};\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = readArguments({
    model: { default: '', help: 'the .tflite file; without one, a page for posewarp app' },
    metadata: { default: '', help: 'metadata.json of the exporter (default: beside the model)' },
    pose_models: {
      default: '',
      help: `folder of ${Object.values(POSE_MODELS).join(' and ')}, for a model of faces of ${Object.values(FACE_MODELS).join(' and ')} (none: joints are placed by hand)`,
    },
    out: { help: 'folder to write; replaced if it is there' },
  });
  const metadata = given.metadata || path.join(path.dirname(given.model), 'metadata.json');
  if (given.model) await requirePhotoAndJoints(metadata);
  await build(given.model, metadata, given.out, given.pose_models);
  console.log(`built ${given.out}`);
}
