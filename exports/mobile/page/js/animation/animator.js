/** From a photo, its points and a clip to frames, each made from the one before. */

import { rgbCanvas } from '../picture.js';
import { CUBIC, resample } from '../resample.js';
import { windowPixels, wholeWindow } from '../window.js';

/**
 * @param {import('../engine.js').Engine} engine
 * @param {import('./subject.js').Subject} subject  Who is animated.
 * @param {import('./clips.js').Clip} clip
 * @yields {{canvas: HTMLCanvasElement, milliseconds: number}} a frame of the model's size: the whole picture, squashed.
 */
export async function* animate(engine, subject, clip) {
  const { card } = await engine.load();
  const size = card.image_size;
  const [height, width] = size;
  const { picture } = subject;
  const photo = picture.canvas.getContext('2d').getImageData(0, 0, picture.width, picture.height);
  const pixels = windowPixels(photo, wholeWindow(picture));
  const reference = {
    reference_image: resample(pixels, picture.height, picture.width, height, width, CUBIC),
    reference_pose: subject.ownMaps(size),
  };
  let state = {
    previous_image: Float32Array.from(reference.reference_image, (level) => level / 127.5 - 1),
    previous_pose: reference.reference_pose,
  };
  for (const pose of subject.clipMaps(clip, size)) {
    const inputs = { ...reference, ...state, target_pose: pose };
    const { outputs, milliseconds } = await engine.run(inputs);
    state = { previous_image: outputs.previous_image, previous_pose: outputs.previous_pose };
    yield { canvas: rgbCanvas(outputs.image, height, width), milliseconds };
  }
}
