/**
 * Who is animated, by what the page's model was trained on: that is all in which pages of persons and of faces differ.
 *
 * @typedef {Object} Subject
 * @property {string} example  What the picture that comes with the page is called, and the file of its points.
 * @property {string} name  Of what is made.
 * @property {import('../point_finder.js').PointFinder} finder
 * @property {import('./clips.js').Kind} clips
 * @property {import('../picture.js').Picture | null} picture  What is animated.
 * @property {unknown} points  Its joints or landmarks, another object after every change; null as long as there are none.
 * @property {(photo: import('../picture.js').Picture, points: ([number, number] | null)[] | null) => void} open  Takes
 *   another photo; its points if they are known.
 * @property {(isShown: boolean) => void} edit  Shows the points over the picture, to be looked at or corrected.
 * @property {(size: [number, number]) => Float32Array} ownMaps  What a model of that height and width sees of the picture.
 * @property {(clip: import('./clips.js').Clip, size: [number, number]) => Iterable<Float32Array>} clipMaps  The same of
 *   each frame of a clip that is moved onto the picture.
 */

import { Faces } from './faces.js';
import { Persons } from './persons.js';

/**
 * @param {'dance_clips' | 'face_clips'} material
 * @param {Object} page
 * @param {import('../stage.js').Stage} page.stage
 * @param {import('../engine.js').Engine} page.engine
 * @param {() => void} page.onChange  After points have been found or read.
 * @returns {Subject}
 */
export function makeSubject(material, page) {
  return material === 'face_clips' ? new Faces(page) : new Persons(page);
}
