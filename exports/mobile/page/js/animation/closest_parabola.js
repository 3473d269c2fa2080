/**
 * A parabola that comes as close as possible to three points of which two lie above each other. There are many; the maps
 * that networks were trained on have the one that SciPy's `leastsq` reaches from (1, 1, 1), which rounding decides. So
 * this takes the same steps in the same order: the Levenberg-Marquardt method as J. J. More describes it ("The
 * Levenberg-Marquardt algorithm: implementation and theory", 1978), with a Jacobian of forward differences.
 */

import { factorized, norm, restrictedStep } from './trust_region.js';

const EPSILON = Number.EPSILON;
/** By which values and places may still change, in parts of them. */
const TOLERANCE = 1.49012e-8;
const [FIRST_RADIUS, MOST_EVALUATIONS] = [100, 800];
const N = 3;

/**
 * @param {number[]} t  Three abscissas.
 * @param {number[]} values
 * @returns {number[]} a, b, c of a t^2 + b t + c; not numbers where the method does not end.
 */
export function closestParabola(t, values) {
  const residuals = ([a, b, c]) => t.map((at, i) => (a * at + b) * at + c - values[i]);
  let now = { x: [1, 1, 1], r: residuals([1, 1, 1]) };
  let [scale, radius, damping, evaluations, isFirst] = [[], 0, 0, 1, true];
  for (;;) {
    const length = norm(now.r);
    const system = factorized(jacobian(residuals, now), now.r);
    evaluations += N;
    if (isFirst) {
      scale = system.norms.map((value) => value || 1);
      radius = FIRST_RADIUS * norm(product(scale, now.x)) || FIRST_RADIUS;
    }
    const slope = steepest(system, length);
    if (slope <= 0) return now.x;
    scale = scale.map((value, j) => Math.max(value, system.norms[j]));
    for (let ratio = 0; ratio < 1e-4;) {
      const tried = restrictedStep(system, scale, radius, damping);
      damping = tried.damping;
      const step = tried.step.map((value) => -value);
      const stepLength = norm(product(scale, step));
      if (isFirst) radius = Math.min(radius, stepLength);
      const x = now.x.map((value, j) => value + step[j]);
      const next = { x, r: residuals(x) };
      evaluations += 1;
      const nextLength = norm(next.r);
      const gain = 0.1 * nextLength < length ? 1 - (nextLength / length) ** 2 : -1;
      const linear = norm(system.applied(step)) / length;
      const damped = (Math.sqrt(damping) * stepLength) / length;
      const expected = linear ** 2 + damped ** 2 / 0.5;
      ratio = expected === 0 ? 0 : gain / expected;
      if (ratio <= 0.25) {
        const direction = -(linear ** 2 + damped ** 2);
        let factor = gain >= 0 ? 0.5 : (0.5 * direction) / (direction + 0.5 * gain);
        if (0.1 * nextLength >= length || factor < 0.1) factor = 0.1;
        radius = factor * Math.min(radius, stepLength / 0.1);
        damping /= factor;
      } else if (damping === 0 || ratio >= 0.75) {
        radius = stepLength / 0.5;
        damping *= 0.5;
      }
      if (ratio >= 1e-4) {
        now = next;
        isFirst = false;
      }
      const size = norm(product(scale, now.x));
      const isFlat = (least) => Math.abs(gain) <= least && expected <= least && 0.5 * ratio <= 1;
      if (isFlat(TOLERANCE) || radius <= TOLERANCE * size) return now.x;
      const isStuck = isFlat(EPSILON) || radius <= EPSILON * size || slope <= EPSILON;
      if (evaluations >= MOST_EVALUATIONS || isStuck) return [NaN, NaN, NaN];
    }
  }
}

/** Columns of derivatives, by forward differences. */
function jacobian(residuals, { x, r }) {
  return x.map((value, j) => {
    const step = Math.sqrt(EPSILON) * Math.abs(value) || Math.sqrt(EPSILON);
    const moved = residuals(x.with(j, value + step));
    return moved.map((residual, i) => (residual - r[i]) / step);
  });
}

/** The largest cosine between the residuals and a column. */
function steepest({ columns, order, norms, projected }, length) {
  if (length === 0) return 0;
  const cosines = order.map((own, j) => {
    let sum = 0;
    for (let i = 0; i <= j; i++) sum += columns[j][i] * (projected[i] / length);
    return norms[own] === 0 ? 0 : Math.abs(sum / norms[own]);
  });
  return Math.max(...cosines);
}

function product(a, b) {
  return a.map((value, j) => value * b[j]);
}
