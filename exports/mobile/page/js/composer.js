/** Puts what the model made into the photo, in the photo's own resolution, in a worker. */

import { explain } from './errors.js';
import { ModelWorker } from './model_worker.js';
import { drawn } from './picture.js';
import { scaledWindow } from './window.js';

/** Pixels of the longer side of what is only seen for a moment: animations and films. */
export const PREVIEW_SIDE = 720;

/**
 * @typedef {Object} Composed
 * @property {HTMLCanvasElement} canvas
 * @property {number} milliseconds
 */

export class Composer {
  /** Started with the page, so that nothing has to be fetched when a result is there. */
  #starting = start();

  constructor() {
    // Who composes meets the error, if there is one.
    this.#starting.catch(() => {});
  }

  /**
   * @param {import('./picture.js').Picture} picture
   * @param {import('./reposer.js').Result} result
   * @param {number} maxSide  Longest side of the answer; by default it is as large as the picture.
   * @returns {Promise<Composed>}
   */
  async compose(picture, { window, answer }, maxSide = Infinity) {
    const scale = Math.min(1, maxSide / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((side) => Math.round(side * scale));
    const canvas = drawn(picture.canvas, width, height);
    const context = canvas.getContext('2d');
    const photo = context.getImageData(0, 0, width, height);
    const message = {
      type: 'compose',
      photo: { data: photo.data, width, height },
      window: scaledWindow(window, scale),
      answer,
    };
    try {
      const worker = await (this.#starting ??= start());
      const { data, milliseconds } = await worker.ask(message, [photo.data.buffer]);
      context.putImageData(new ImageData(data, width, height), 0, 0);
      return { canvas, milliseconds };
    } catch (error) {
      // The next one starts afresh.
      this.#starting?.then((worker) => worker.stop()).catch(() => {});
      this.#starting = null;
      throw explain(error);
    }
  }
}

async function start() {
  const worker = new ModelWorker();
  try {
    await worker.ask({ type: 'prepare-composing' });
  } catch (error) {
    worker.stop();
    throw error;
  }
  return worker;
}
