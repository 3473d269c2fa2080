/**
 * Clips: what somebody does, as one list of points for each frame; dances of persons, and what faces do.
 *
 * @typedef {Object} Clip
 * @property {string} title
 * @property {number} fps
 * @property {([number, number] | null)[][]} frames
 *
 * @typedef {Object} Kind
 * @property {string} list  What files call their list of clips; those that come with the page are in <list>.json.
 * @property {keyof typeof import('../errors.js').MESSAGES} unreadable  The error for a file of something else.
 * @property {(points: unknown) => boolean} isFrame
 */

import { PageError } from '../errors.js';

/** What a page keeps while it plays: at 256 x 256 pixels 260 MB. */
const MAX_FRAMES = 1000;

/**
 * @param {Kind} kind
 * @returns {Promise<Clip[]>} those that come with the page.
 */
export async function loadClips(kind) {
  try {
    const text = await (await fetch(new URL(`../../${kind.list}.json`, import.meta.url))).text();
    return readClips(text, kind);
  } catch (error) {
    throw new PageError('page-incomplete', error);
  }
}

/**
 * @param {string} text  Of a file of clips.
 * @param {Kind} kind
 * @returns {Clip[]}
 * @throws {PageError} if it is something else.
 */
export function readClips(text, { list, unreadable, isFrame }) {
  let clips;
  try {
    clips = JSON.parse(text)[list];
  } catch (error) {
    throw new PageError(unreadable, error);
  }
  const isClip = (clip) =>
    typeof clip?.title === 'string' &&
    clip.fps > 0 &&
    Array.isArray(clip.frames) &&
    clip.frames.length > 0 &&
    clip.frames.length <= MAX_FRAMES &&
    clip.frames.every(isFrame);
  if (!Array.isArray(clips) || !clips.length || !clips.every(isClip))
    throw new PageError(unreadable, `no list of ${list}`);
  return clips;
}

/** Whether this is [x, y]. */
export function isPoint(at) {
  return Array.isArray(at) && at.length === 2 && at.every(Number.isFinite);
}
