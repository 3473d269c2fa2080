/** A moment of a video as a picture: the person plays it, stops it and takes what it shows. */

import { PageError } from './errors.js';
import { pictureOf } from './picture.js';

const element = (id) => document.getElementById(id);

/**
 * @param {File} file
 * @returns {Promise<import('./picture.js').Picture | null>} null: the person would rather not.
 * @throws {PageError} if it is not a video that this browser can read.
 */
export async function chooseFrame(file) {
  const [dialog, video, use] = ['frame', 'frame-video', 'frame-use'].map(element);
  const address = URL.createObjectURL(file);
  const listening = new AbortController();
  const { signal } = listening;
  try {
    return await new Promise((resolve, reject) => {
      const take = () => {
        try {
          resolve(pictureOf(video, video.videoWidth, video.videoHeight));
        } catch (error) {
          reject(error);
        }
      };
      use.addEventListener('click', take, { signal });
      element('frame-cancel').addEventListener('click', () => resolve(null), { signal });
      dialog.addEventListener('close', () => resolve(null), { signal });
      video.addEventListener('error', () => reject(new PageError('video-unreadable')), { signal });
      // Before that there is nothing to take.
      video.addEventListener('loadeddata', () => (use.disabled = false), { signal });
      use.disabled = true;
      video.src = address;
      dialog.showModal();
    });
  } finally {
    listening.abort();
    dialog.close();
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  }
}
