/**
 * Where the person detector looks: a point in the middle of each cell of three grids over its square picture.
 *
 * Every cell of the grids with 28, 14 and 7 cells a side has 2, 2 and 6 anchors at the same point; boxes are told as
 * offsets from it, so that the anchors need no sizes of their own.
 */

export const DETECTOR_SIZE = 224;
export const NUM_ANCHORS = 2254;
const GRIDS = [
  { stride: 8, perCell: 2 },
  { stride: 16, perCell: 2 },
  { stride: 32, perCell: 6 },
];

/**
 * @param {number} size  Of the detector's square picture.
 * @param {{stride: number, perCell: number}[]} grids
 * @returns {Float32Array} [anchors, 2], (x, y) in [0, 1] of the detector's picture, in the order of its answers.
 */
export function makeAnchors(size = DETECTOR_SIZE, grids = GRIDS) {
  const count = grids.reduce((sum, grid) => sum + (size / grid.stride) ** 2 * grid.perCell, 0);
  const anchors = new Float32Array(count * 2);
  let at = 0;
  for (const { stride, perCell } of grids) {
    const cells = size / stride;
    for (let index = 0; index < cells * cells * perCell; index++) {
      const cell = Math.floor(index / perCell);
      anchors[at++] = ((cell % cells) + 0.5) / cells;
      anchors[at++] = (Math.floor(cell / cells) + 0.5) / cells;
    }
  }
  return anchors;
}
