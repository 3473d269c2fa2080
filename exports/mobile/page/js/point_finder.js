/**
 * The models that find a person's joints or the landmarks of a face, as the rest of the page sees them. They are loaded
 * with the first photo and stay in a worker of their own, so that the page does not freeze while they run.
 *
 * @typedef {import('./detection/finder.js').Found | import('./detection/face_finder.js').FoundFace} Found
 */

import { defaultThreads } from './engine.js';
import { explain } from './errors.js';
import { fetchCard, fetchModel } from './model_file.js';
import { ModelWorker } from './model_worker.js';
import { drawn } from './picture.js';

/** Pixels of a side: more of them make no difference to models that see 256. */
const MAX_SIDE = 1024;

export class PointFinder {
  #folder;
  #card = null;
  #loading = null;

  /**
   * @param {string} folder  Where model.json lies.
   * @param {'person' | 'face'} who  Whom its models find.
   */
  constructor(folder, who = 'person') {
    this.who = who;
    this.#folder = new URL(folder, document.baseURI);
  }

  /** Whether the page was built with these models. */
  async isThere() {
    return Boolean((await this.#readCard()).pose_models);
  }

  /** @returns {Promise<string[]>} addresses of the models. */
  async files() {
    const models = Object.values((await this.#readCard()).pose_models ?? {});
    return models.map(({ file }) => new URL(file, this.#folder).href);
  }

  /**
   * @param {import('./picture.js').Picture} picture
   * @returns {Promise<Found>} in pixels of the picture.
   */
  async find(picture) {
    try {
      this.#loading ??= this.#load();
      const worker = await this.#loading;
      const { pixels, scale } = smallPixels(picture);
      const found = await worker.ask({ type: 'find', pixels }, [pixels.data.buffer]);
      return enlarged(found, scale);
    } catch (error) {
      // The next photo starts afresh.
      this.#stop();
      throw explain(error);
    }
  }

  #readCard() {
    this.#card ??= fetchCard(this.#folder).catch((error) => {
      this.#card = null;
      throw error;
    });
    return this.#card;
  }

  async #load() {
    const { pose_models: models } = await this.#readCard();
    const fetching = [models.detector, models.landmarks].map((file) =>
      fetchModel(this.#folder, file),
    );
    const [{ bytes: detector }, { bytes: landmarks }] = await Promise.all(fetching);
    const worker = new ModelWorker();
    const threads = defaultThreads();
    const message = { type: 'load-detection', who: this.who, detector, landmarks, threads };
    try {
      await worker.ask(message, [detector, landmarks]);
    } catch (error) {
      worker.stop();
      throw error;
    }
    return worker;
  }

  #stop() {
    const loading = this.#loading;
    this.#loading = null;
    loading?.then(
      (worker) => worker.stop(),
      () => {},
    );
  }
}

function smallPixels({ canvas, width, height }) {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const small =
    scale < 1 ? drawn(canvas, Math.round(width * scale), Math.round(height * scale)) : canvas;
  const { data } = small.getContext('2d').getImageData(0, 0, small.width, small.height);
  const pixels = { data, width: small.width, height: small.height };
  return { pixels, scale: { x: width / small.width, y: height / small.height } };
}

function enlarged({ people, joints, landmarks, box }, scale) {
  // Middles of pixels lie on whole numbers in both pictures, edges of boxes between them.
  const point = (at) => at && [(at[0] + 0.5) * scale.x - 0.5, (at[1] + 0.5) * scale.y - 0.5];
  return {
    people,
    joints: joints && joints.map(point),
    landmarks: landmarks && landmarks.map(point),
    box: box && {
      left: box.left * scale.x,
      top: box.top * scale.y,
      right: box.right * scale.x,
      bottom: box.bottom * scale.y,
    },
  };
}
