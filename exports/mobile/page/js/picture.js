/**
 * From a file that somebody chose to a picture the page can work with. Nothing leaves the device.
 *
 * @typedef {Object} Picture
 * @property {HTMLCanvasElement} canvas  Upright, at most MAX_SIDE pixels long.
 * @property {number} width
 * @property {number} height
 * @property {{width: number, height: number}} original  The size that it had before it was made smaller.
 */

import { PageError, explain } from './errors.js';
import { readHeader } from './picture_header.js';

export const MAX_PIXELS = 64_000_000;
/** Larger photos are made as small as this: what a phone re-poses in a few seconds. */
const MAX_SIDE = 2048;
const MIN_SIDE = 32;
const HEADER_BYTES = 1 << 18;

/**
 * @param {Blob} file
 * @returns {Promise<Picture>}
 * @throws {PageError} if it is not a picture, too large (also for the memory there is) or too small.
 */
export async function openPicture(file) {
  const header = readHeader(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
  if (header.width * header.height > MAX_PIXELS) throw tooLarge(header);
  const decoded = await decode(file, header);
  try {
    return pictureOf(decoded, decoded.width, decoded.height);
  } finally {
    decoded.close();
  }
}

/**
 * @param {CanvasImageSource} source
 * @returns {Picture}
 * @throws {PageError} if it is too large or too small.
 */
export function pictureOf(source, width, height) {
  const size = { width, height };
  if (width * height > MAX_PIXELS) throw tooLarge(size);
  if (Math.min(width, height) < MIN_SIDE)
    throw new PageError('picture-too-small', spokenSize(size));
  return shrink(source, size, Math.min(1, MAX_SIDE / Math.max(width, height)));
}

function tooLarge(size) {
  return new PageError('picture-too-large', spokenSize(size));
}

function spokenSize({ width, height }) {
  return `${width} × ${height} pixels`;
}

/** Turned upright as the camera's orientation tag says. */
async function decode(file, header) {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    const explained = explain(error);
    if (explained.kind === 'out-of-memory') throw explained;
    throw new PageError(header.kind === 'heic' ? 'picture-heic' : 'picture-unreadable', error);
  }
}

/** Halves as long as possible: one large step would skip pixels and leave jagged edges. */
function shrink(source, size, scale) {
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  let current = source;
  let [w, h] = [size.width, size.height];
  while (w > 2 * width) {
    [w, h] = [Math.round(w / 2), Math.round(h / 2)];
    current = drawn(current, w, h);
  }
  return { canvas: drawn(current, width, height), width, height, original: size };
}

/**
 * @param {Uint8Array} rgb  [height, width, 3].
 * @returns {HTMLCanvasElement}
 */
export function rgbCanvas(rgb, height, width) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4)
    image.data.set([rgb[from], rgb[from + 1], rgb[from + 2], 255], to);
  canvas.getContext('2d', { willReadFrequently: true }).putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {CanvasImageSource} source
 * @returns {HTMLCanvasElement} of that size, `source` stretched over it, on white where it lets light through.
 */
export function drawn(source, width, height) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // A canvas that there is no memory for comes without one, or silently stays empty.
  if (!context) throw new PageError('out-of-memory', `a canvas of ${width} × ${height} pixels`);
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  return canvas;
}
