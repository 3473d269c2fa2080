/** Landmarks over a photo, as lines through them. */

import { BROWS, EYES, INNER_LIPS, JAW, NOSE, OUTER_LIPS } from './landmarks.js';

const LINES = [
  { numbers: JAW, color: '#46c8ff' },
  ...BROWS.map((numbers) => ({ numbers, color: '#ffaa3c' })),
  { numbers: NOSE.slice(0, 4), color: '#fff05a' },
  { numbers: NOSE.slice(4), color: '#fff05a' },
  ...EYES.map((numbers) => ({ numbers, color: '#6eff78', isClosed: true })),
  { numbers: OUTER_LIPS, color: '#ff5a8c', isClosed: true },
  { numbers: INNER_LIPS, color: '#ffb4dc', isClosed: true },
];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number}[]} points  Of the 68 landmarks, where they are on the canvas.
 */
export function drawFace(context, points) {
  context.lineCap = context.lineJoin = 'round';
  // Dark below, so that lines stand out from bright skin.
  for (const [dark, width] of [
    ['rgb(0 0 0 / 65%)', 4],
    [null, 2],
  ])
    for (const { numbers, color, isClosed } of LINES) {
      context.beginPath();
      for (const number of numbers) context.lineTo(points[number].x, points[number].y);
      if (isClosed) context.closePath();
      context.strokeStyle = dark ?? color;
      context.lineWidth = width;
      context.stroke();
    }
}
