/**
 * A parabola that comes as close as possible to three points of which two lie above each other. There are many; the maps
 * that networks were trained on have the one that SciPy's `leastsq` reaches from (1, 1, 1), which rounding decides. So
 * this takes the same steps in the same order: the Levenberg-Marquardt method as J. J. More describes it ("The
 * Levenberg-Marquardt algorithm: implementation and theory", 1978), with a Jacobian of forward differences.
 */

import { factorized, norm, product, restrictedStep } from './trust_region.js';

const EPSILON = Number.EPSILON;
/** By which values and places may still change, in parts of them. */
const TOLERANCE = 1.49012e-8;
const [FIRST_RADIUS, MOST_EVALUATIONS] = [100, 800];
/** A step that gains less of what was expected is not taken. */
const LEAST_RATIO = 1e-4;

/**
 * @param {number[]} t  Three abscissas.
 * @param {number[]} values
 * @returns {number[]} a, b, c of a t^2 + b t + c; not numbers where the method does not end.
 */
export function closestParabola(t, values) {
  const residuals = ([a, b, c]) => t.map((at, i) => (a * at + b) * at + c - values[i]);
  let now = { x: [1, 1, 1], r: residuals([1, 1, 1]) };
  let trust = null;
  for (let evaluations = 1; ;) {
    const system = factorized(jacobian(residuals, now), now.r);
    evaluations += now.x.length;
    const slope = steepest(system, norm(now.r));
    if (slope <= 0) return now.x;
    trust = widened(trust, system.norms, now.x);
    for (let isTaken = false; !isTaken;) {
      const tried = attempt(residuals, system, trust, now);
      evaluations += 1;
      trust = adjusted(trust, tried);
      isTaken = tried.ratio >= LEAST_RATIO;
      if (isTaken) {
        now = tried.next;
        trust.isFirst = false;
      }
      const size = norm(product(trust.scale, now.x));
      const isDone = (least) =>
        trust.radius <= least * size ||
        (Math.abs(tried.gain) <= least && tried.expected <= least && 0.5 * tried.ratio <= 1);
      if (isDone(TOLERANCE)) return now.x;
      if (evaluations >= MOST_EVALUATIONS || isDone(EPSILON) || slope <= EPSILON)
        return [NaN, NaN, NaN];
    }
  }
}

/**
 * How far a step may go: |scale * step| at most radius. The scale is the largest norm so far of each column.
 * @typedef {{scale: number[], radius: number, damping: number, isFirst: boolean}} Trust
 */

/** @returns {Trust} */
function widened(trust, norms, x) {
  if (trust) return { ...trust, scale: trust.scale.map((value, j) => Math.max(value, norms[j])) };
  const scale = norms.map((value) => value || 1);
  const radius = FIRST_RADIUS * norm(product(scale, x)) || FIRST_RADIUS;
  return { scale, radius, damping: 0, isFirst: true };
}

/** The next place, and the gain there in parts of the sum of squares, as expected and in truth. */
function attempt(residuals, system, { scale, radius, damping: guess }, now) {
  const { step: back, damping } = restrictedStep(system, scale, radius, guess);
  const step = back.map((value) => -value);
  const stepLength = norm(product(scale, step));
  const x = now.x.map((value, j) => value + step[j]);
  const next = { x, r: residuals(x) };
  const [length, nextLength] = [norm(now.r), norm(next.r)];
  const isFarOff = 0.1 * nextLength >= length;
  const gain = isFarOff ? -1 : 1 - (nextLength / length) ** 2;
  const linear = (norm(system.applied(step)) / length) ** 2;
  const damped = ((Math.sqrt(damping) * stepLength) / length) ** 2;
  const expected = linear + damped / 0.5;
  const ratio = expected === 0 ? 0 : gain / expected;
  return { next, stepLength, damping, isFarOff, gain, expected, slope: -(linear + damped), ratio };
}

/** Less trust after a bad step, more after a good one. @returns {Trust} */
function adjusted(trust, { stepLength, damping, isFarOff, gain, slope, ratio }) {
  const radius = trust.isFirst ? Math.min(trust.radius, stepLength) : trust.radius;
  if (ratio <= 0.25) {
    let factor = gain >= 0 ? 0.5 : (0.5 * slope) / (slope + 0.5 * gain);
    if (isFarOff || factor < 0.1) factor = 0.1;
    const smaller = factor * Math.min(radius, stepLength / 0.1);
    return { ...trust, radius: smaller, damping: damping / factor };
  }
  if (damping === 0 || ratio >= 0.75)
    return { ...trust, radius: stepLength / 0.5, damping: damping * 0.5 };
  return { ...trust, radius, damping };
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
