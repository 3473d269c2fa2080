/**
 * From a picture and two poses to what the model makes of them; what was made once is kept.
 *
 * @typedef {Object} Job
 * @property {import('./picture.js').Picture} picture
 * @property {import('./joints.js').Skeleton} source  The person's own pose.
 * @property {import('./joints.js').Skeleton} from  Where an animation starts.
 * @property {import('./joints.js').Skeleton} target
 * @property {import('./detection/finder.js').Box | null} box  About the person.
 *
 * @typedef {Object} Result
 * @property {import('./window.js').Window} window  What the model saw of the picture, and has made anew.
 * @property {import('./full_resolution.js').Answer} answer
 * @property {number} milliseconds
 */

import { PageError } from './errors.js';
import { numPresent } from './joints.js';
import { resample } from './resample.js';
import { framing, frameOf, toTensor, windowPixels } from './window.js';

const MIN_JOINTS = 2;
const MAX_KEPT = 32;

export class Reposer {
  #engine;
  #kept = new Map();
  #picture = null;
  #source = { window: null, image: null };

  /** @param {import('./engine.js').Engine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  /**
   * @param {Job} job
   * @param {import('./joints.js').Skeleton} pose  One between the job's `from` and its `target`.
   * @returns {Promise<Result>}
   */
  async run(job, pose) {
    const { picture, source } = job;
    if (Math.min(numPresent(source), numPresent(pose)) < MIN_JOINTS)
      throw new PageError('no-joints');
    const { card, runtime } = await this.#engine.load();
    // All poses of a job share a window, so that nothing jumps on the way.
    const window = framing(picture, [source, job.from, job.target], frameOf(card), job.box);
    if (picture !== this.#picture) {
      // A new one: a run of the picture before may still be on its way to the old one.
      this.#kept = new Map();
      this.#picture = picture;
      this.#source = { window: null, image: null };
    }
    const inputs = {
      source_image: this.#sourceImage(window, card.image_size),
      source_keypoints: toTensor(source, window, card.image_size),
      target_keypoints: toTensor(pose, window, card.image_size),
    };
    const kept = this.#kept;
    const key = [...Object.values(window), inputs.source_keypoints, inputs.target_keypoints].join();
    if (!kept.has(key)) {
      const { outputs, milliseconds } = await this.#engine.run(inputs);
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value);
      kept.set(key, { window, answer: toAnswer(outputs, runtime), milliseconds });
    }
    return kept.get(key);
  }

  /** The window as the model takes it. */
  #sourceImage(window, [height, width]) {
    const known = this.#source.window;
    const isKnown = known && Object.keys(window).every((edge) => window[edge] === known[edge]);
    if (!isKnown) {
      const { canvas, width: photoWidth, height: photoHeight } = this.#picture;
      const photo = canvas.getContext('2d').getImageData(0, 0, photoWidth, photoHeight);
      const pixels = windowPixels(photo, window);
      const image = resample(pixels, window.height, window.width, height, width);
      this.#source = { window, image };
    }
    return this.#source.image;
  }
}

function toAnswer(outputs, runtime) {
  const answer = {};
  for (const { name, shape } of runtime.outputs)
    answer[name] = { data: outputs[name], height: shape[1], width: shape[2] };
  return answer;
}
