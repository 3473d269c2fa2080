/** From a photo, its pose and a dance to frames, each made from the one before. */

import { resample } from '../resample.js';
import { windowPixels, wholeWindow } from '../window.js';
import { placedDance, referenceJoints } from './dances.js';
import { COCO_17, HUMAN36M_17, poseMaps } from './pose_maps.js';

/**
 * @param {import('../engine.js').Engine} engine
 * @param {import('../picture.js').Picture} picture
 * @param {import('../joints.js').Skeleton} person  Its pose.
 * @param {import('./dances.js').Dance} dance
 * @yields {{canvas: HTMLCanvasElement, milliseconds: number}} a frame of the model's size: the whole photo, squashed.
 */
export async function* animate(engine, picture, person, dance) {
  const { card } = await engine.load();
  const size = card.image_size;
  const [height, width] = size;
  const photo = picture.canvas.getContext('2d').getImageData(0, 0, picture.width, picture.height);
  const pixels = windowPixels(photo, wholeWindow(picture));
  const reference = {
    reference_image: resample(pixels, picture.height, picture.width, height, width),
    reference_pose: poseMaps(referenceJoints(person, picture, size), COCO_17, size),
  };
  let state = {
    previous_image: Float32Array.from(reference.reference_image, (level) => level / 127.5 - 1),
    previous_pose: reference.reference_pose,
  };
  for (const joints of placedDance(dance, person, picture, size)) {
    const pose = poseMaps(joints, HUMAN36M_17, size);
    const inputs = { ...reference, ...state, target_pose: pose };
    const { outputs, milliseconds } = await engine.run(inputs);
    state = { previous_image: outputs.previous_image, previous_pose: outputs.previous_pose };
    yield { canvas: toCanvas(outputs.image, height, width), milliseconds };
  }
}

function toCanvas(rgb, height, width) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4)
    image.data.set([rgb[from], rgb[from + 1], rgb[from + 2], 255], to);
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}
