/** NumPy's .npy files, as far as models need them: uint8 and float32 in C order. */

import { readFile, writeFile } from 'node:fs/promises';

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const DTYPES = { '|u1': Uint8Array, '<f4': Float32Array };

/** @returns {Promise<{data: Uint8Array | Float32Array, shape: number[]}>} */
export async function readNpy(file) {
  const bytes = await readFile(file);
  const dataStart = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, dataStart);
  const dtype = /'descr': '([^']+)'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/
    .exec(header)?.[1]
    .split(',')
    .filter((part) => part.trim())
    .map(Number);
  const known =
    bytes.subarray(0, 8).equals(MAGIC) &&
    dtype in DTYPES &&
    header.includes("'fortran_order': False");
  if (!known || !shape)
    throw new TypeError(`${file}: expected a .npy file of uint8 or float32 in C order`);
  return { data: new DTYPES[dtype](Uint8Array.from(bytes.subarray(dataStart)).buffer), shape };
}

/** Writes `data` as an array of `shape`. */
export async function writeNpy(file, data, shape) {
  const dtype = data instanceof Uint8Array ? '|u1' : '<f4';
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padding = (64 - ((MAGIC.length + 2 + text.length + 1) % 64)) % 64;
  const header = `${text}${' '.repeat(padding)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  await writeFile(file, Buffer.concat([MAGIC, length, Buffer.from(header, 'latin1'), content]));
}
