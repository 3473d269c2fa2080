/**
 * What a file says about itself in its first bytes, before memory is spent on decoding it.
 *
 * @typedef {Object} PictureHeader
 * @property {'jpeg' | 'png' | 'webp' | 'gif' | 'heic' | 'other'} kind
 * @property {number} [width]  As stored; absent where the header does not tell.
 * @property {number} [height]
 */

const HEIC_BRANDS = ['heic', 'heix', 'hevc', 'heim', 'heis', 'mif1', 'msf1'];

/**
 * @param {Uint8Array} bytes  The file, or as much of its beginning as there is.
 * @returns {PictureHeader}
 */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
  try {
    if (text(1, 3) === 'PNG')
      return { kind: 'png', width: view.getUint32(16), height: view.getUint32(20) };
    if (text(0, 3) === 'GIF') {
      return { kind: 'gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
    }
    if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP')
      return { kind: 'webp', ...webpSize(view, text(12, 4)) };
    if (view.getUint16(0) === 0xffd8) return { kind: 'jpeg', ...jpegSize(view) };
    if (text(4, 4) === 'ftyp' && HEIC_BRANDS.includes(text(8, 4))) return { kind: 'heic' };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Shorter than a header: whether it can be read is for the decoder to say.
  }
  return { kind: 'other' };
}

function webpSize(view, form) {
  if (form === 'VP8X') return { width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
  if (form === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

function uint24(view, offset) {
  return view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
}

/** Walks along the segments of a JPEG to the one that starts a frame. */
function jpegSize(view) {
  let offset = 2;
  while (offset + 9 < view.byteLength) {
    const marker = view.getUint16(offset);
    const startsFrame =
      marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (startsFrame)
      return { height: view.getUint16(offset + 5), width: view.getUint16(offset + 7) };
    offset += 2 + view.getUint16(offset + 2);
  }
  return {};
}
