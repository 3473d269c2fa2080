/**
 * Fetches models and makes sure that they are what model.json says.
 *
 * @typedef {Object} FileCard
 * @property {string} file  Name of a .tflite file, beside model.json.
 * @property {number} bytes
 * @property {string} sha256
 *
 * @typedef {Object} OwnCard  Of the model that re-poses.
 * @property {[number, number]} image_size  Height and width.
 * @property {string[]} [joint_names]  Of a model that re-poses.
 * @property {boolean} recurrent  Whether it animates: what comes out of a step goes into the next one.
 * @property {'dance_clips' | 'face_clips'} [material]  What a model that animates was trained on.
 * @property {import('./window.js').PersonFrame} [person_frame]
 * @property {{detector: FileCard, landmarks: FileCard} | null} pose_models  What finds joints, or landmarks of faces; null:
 *   joints are placed by hand, landmarks read from files.
 *
 * @typedef {FileCard & OwnCard} ModelCard  model.json; written by tools/build.mjs.
 */

import { PageError, explain } from './errors.js';

export const INPUT_NAMES = ['source_image', 'source_keypoints', 'target_keypoints'];
/** Of a recurrent model. */
export const STEP_INPUT_NAMES = [
  ...['reference_image', 'reference_pose', 'previous_image', 'previous_pose', 'target_pose'],
];

/**
 * @param {URL} folder
 * @returns {Promise<ModelCard>}
 */
export async function fetchCard(folder) {
  return read(await found(new URL('model.json', folder)), 'json');
}

/**
 * @param {URL} folder
 * @param {FileCard} card
 * @returns {Promise<{bytes: ArrayBuffer, url: URL}>}
 */
export async function fetchModel(folder, card) {
  const url = new URL(card.file, folder);
  const bytes = await read(await found(url), 'arrayBuffer');
  // There is no digest on plain http, where the length has to do.
  const digest = globalThis.crypto?.subtle && (await crypto.subtle.digest('SHA-256', bytes));
  if (bytes.byteLength !== card.bytes || (digest && toHex(digest) !== card.sha256)) {
    const got = `got ${bytes.byteLength} bytes, expected ${card.bytes}`;
    throw new PageError('model-broken', `${url}: ${got} with digest ${card.sha256}`);
  }
  return { bytes, url };
}

async function found(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new PageError('model-missing', error);
  }
  if (!response.ok) throw new PageError('model-missing', `${url}: ${response.status}`);
  return response;
}

async function read(response, as) {
  try {
    return await response[as]();
  } catch (error) {
    if (error instanceof RangeError) throw explain(error);
    throw new PageError('model-missing', error);
  }
}

function toHex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
