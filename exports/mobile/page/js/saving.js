/** Pictures and films from the page to the phone. */

import { PageError } from './errors.js';

/** @returns {Promise<Blob>} */
export function toPng(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new PageError('save-failed'))),
      'image/png',
    );
  });
}

/** Hands a file to the browser's downloads. */
export function download(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function canShareFiles() {
  const probe = new File([''], 'probe.png', { type: 'image/png' });
  return Boolean(navigator.canShare?.({ files: [probe] }));
}

/** Opens the phone's own sheet for sharing; a person who closes it has not met an error. */
export async function share(blob, name) {
  try {
    await navigator.share({ files: [new File([blob], name, { type: blob.type })] });
  } catch (error) {
    if (error.name !== 'AbortError') throw new PageError('save-failed', error);
  }
}

/** The kind of film this browser can write, or undefined. */
export function filmType() {
  const types = ['video/mp4', 'video/webm'];
  return types.find((type) => globalThis.MediaRecorder?.isTypeSupported(type));
}

/**
 * @param {HTMLCanvasElement[]} frames  Shown one after the other.
 * @param {{width: number, height: number}} size  To which they are stretched.
 * @param {number} frameMs  How long each is shown.
 * @returns {Promise<Blob>}
 */
export async function film(frames, { width, height }, frameMs) {
  const canvas = document.createElement('canvas');
  // Codecs want even sizes.
  [canvas.width, canvas.height] = [width - (width % 2), height - (height % 2)];
  const context = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(), {
    mimeType: filmType(),
    videoBitsPerSecond: 6e6,
  });
  const chunks = [];
  recorder.addEventListener('dataavailable', ({ data }) => chunks.push(data));
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener('stop', resolve);
    recorder.addEventListener('error', ({ error }) => reject(new PageError('save-failed', error)));
  });
  recorder.start();
  for (const frame of frames) {
    context.drawImage(frame, 0, 0, width, height);
    await new Promise((resolve) => setTimeout(resolve, frameMs));
  }
  recorder.stop();
  await stopped;
  return new Blob(chunks, { type: recorder.mimeType });
}
