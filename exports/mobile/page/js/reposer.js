/**
 * From a picture and two poses to pictures of the result; what was made once is kept.
 *
 * @typedef {Object} Result
 * @property {Object<'image' | 'flow' | 'mask', HTMLCanvasElement>} pictures  Of the model's size.
 * @property {Uint8Array} rgb  The result as the model gave it.
 * @property {number} milliseconds
 */

import { flowPicture, maskPicture, rgbPicture } from './flow_color.js';
import { PageError } from './errors.js';
import { numPresent, toTensor } from './joints.js';
import { toModelImage } from './resample.js';

const MIN_JOINTS = 2;
const MAX_KEPT = 64;
const PICTURES = { image: rgbPicture, flow: flowPicture, mask: maskPicture };

export class Reposer {
  #engine;
  #kept = new Map();
  #picture = null;
  #sourceImage = null;

  /** @param {import('./engine.js').Engine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  /**
   * @param {import('./picture.js').Picture} picture
   * @param {import('./joints.js').Skeleton} source
   * @param {import('./joints.js').Skeleton} target
   * @returns {Promise<Result>}
   */
  async run(picture, source, target) {
    if (Math.min(numPresent(source), numPresent(target)) < MIN_JOINTS)
      throw new PageError('no-joints');
    const { card, runtime } = await this.#engine.load();
    if (picture !== this.#picture) {
      // A new one: a run of the picture before may still be on its way to the old one.
      this.#kept = new Map();
      this.#picture = picture;
      this.#sourceImage = toModelImage(picture.canvas, card.image_size);
    }
    const keypoints = [source, target].map((skeleton) =>
      toTensor(skeleton, picture, card.image_size),
    );
    const kept = this.#kept;
    const key = keypoints.join(';');
    if (!kept.has(key)) {
      const inputs = {
        source_image: this.#sourceImage,
        source_keypoints: keypoints[0],
        target_keypoints: keypoints[1],
      };
      const answer = await this.#engine.run(inputs);
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value);
      kept.set(key, toResult(answer, runtime));
    }
    return kept.get(key);
  }
}

function toResult({ outputs, milliseconds }, runtime) {
  const pictures = {};
  for (const { name, shape } of runtime.outputs) {
    if (PICTURES[name])
      pictures[name] = onCanvas(PICTURES[name](outputs[name], [shape[1], shape[2]]));
  }
  return { pictures, rgb: outputs.image, milliseconds };
}

function onCanvas(image) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}
