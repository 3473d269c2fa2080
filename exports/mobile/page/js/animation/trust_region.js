/**
 * The step of the Levenberg-Marquardt method in three unknowns: the p with |D p| at most a radius for which |J p - r| is
 * smallest, up to a tenth of the radius. With Householder and Givens rotations in the order of J. J. More's description.
 *
 * @typedef {Object} System  J = Q R P for three residuals.
 * @property {number[][]} columns  Of R, which is upper triangular: columns[j][i], i at most j.
 * @property {number[]} order  Which column of J is column j of R.
 * @property {number[]} norms  Of the columns of J, in their own order.
 * @property {number[]} projected  Q' r.
 * @property {(step: number[]) => number[]} applied  R P step.
 */

const N = 3;
const INDICES = [0, 1, 2];
const SMALLEST = 2.2250738585072014e-308;
const MOST_TRIES = 10;

export function norm(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

export function product(a, b) {
  return a.map((value, j) => value * b[j]);
}

/**
 * @param {number[][]} jacobian  Its columns.
 * @param {number[]} residuals
 * @returns {System}
 */
export function factorized(jacobian, residuals) {
  const columns = jacobian.map((column) => [...column]);
  const norms = columns.map(norm);
  const order = [...INDICES];
  const [lengths, exact] = [[...norms], [...norms]];
  const projected = [...residuals];
  const diagonal = [];
  for (const j of INDICES) {
    let largest = j;
    for (let k = j; k < N; k++) if (lengths[k] > lengths[largest]) largest = k;
    if (largest !== j) {
      for (const list of [columns, order]) [list[j], list[largest]] = [list[largest], list[j]];
      [lengths[largest], exact[largest]] = [lengths[j], exact[j]];
    }
    const own = columns[j];
    let length = norm(own.slice(j));
    if (length !== 0) {
      if (own[j] < 0) length = -length;
      for (let i = j; i < N; i++) own[i] /= length;
      own[j] += 1;
      for (let k = j + 1; k < N; k++) {
        reflect(columns[k], own, j);
        if (lengths[k] === 0) continue;
        const share = columns[k][j] / lengths[k];
        lengths[k] *= Math.sqrt(Math.max(0, 1 - share * share));
        // What was subtracted so often says little any more.
        if (0.05 * (lengths[k] / exact[k]) ** 2 <= Number.EPSILON)
          lengths[k] = exact[k] = norm(columns[k].slice(j + 1));
      }
    }
    diagonal[j] = -length;
  }
  for (const j of INDICES) {
    if (columns[j][j] !== 0) reflect(projected, columns[j], j);
    columns[j][j] = diagonal[j];
  }
  const applied = (step) => {
    const result = [0, 0, 0];
    for (const j of INDICES)
      for (let i = 0; i <= j; i++) result[i] += columns[j][i] * step[order[j]];
    return result;
  };
  return { columns, order, norms, projected, applied };
}

function reflect(column, mirror, from) {
  let sum = 0;
  for (let i = from; i < N; i++) sum += mirror[i] * column[i];
  const share = -sum / mirror[from];
  for (let i = from; i < N; i++) column[i] += share * mirror[i];
}

/**
 * @param {System} system
 * @param {number[]} scale  The diagonal of D.
 * @param {number} radius
 * @param {number} damping  A guess of the factor in (J'J + damping D'D) p = J'r.
 * @returns {{step: number[], damping: number}}
 */
export function restrictedStep(system, scale, radius, damping) {
  const free = undampedStep(system);
  let excess = norm(product(scale, free.step)) - radius;
  if (excess <= 0.1 * radius) return { step: free.step, damping: 0 };
  const limits = bounds(system, scale, radius, free);
  let { low, high } = limits;
  damping = Math.min(Math.max(damping, low), high) || limits.otherwise;
  for (let tries = 1; ; tries++) {
    damping ||= Math.max(SMALLEST, 0.001 * high);
    const root = Math.sqrt(damping);
    const added = scale.map((value) => root * value);
    const { step, below } = dampedStep(system, added);
    const before = excess;
    excess = norm(product(scale, step)) - radius;
    const isFlat = low === 0 && excess <= before && before < 0;
    if (Math.abs(excess) <= 0.1 * radius || isFlat || tries === MOST_TRIES)
      return { step, damping };
    const solved = direction(system, scale, step);
    for (const j of INDICES) {
      solved[j] /= below[j][j];
      for (let i = j + 1; i < N; i++) solved[i] -= below[j][i] * solved[j];
    }
    if (excess > 0) low = Math.max(low, damping);
    if (excess < 0) high = Math.min(high, damping);
    damping = Math.max(low, damping + newton(excess, radius, solved));
  }
}

/** Between which the damping lies, and what it is where they are 0. */
function bounds(system, scale, radius, { step, isFullRank }) {
  const { columns, order, projected } = system;
  const length = norm(product(scale, step));
  let low = 0;
  if (isFullRank) {
    const solved = direction(system, scale, step);
    for (const j of INDICES) {
      let sum = 0;
      for (let i = 0; i < j; i++) sum += columns[j][i] * solved[i];
      solved[j] = (solved[j] - sum) / columns[j][j];
    }
    low = newton(length - radius, radius, solved);
  }
  const gradient = norm(
    order.map((own, j) => {
      let sum = 0;
      for (let i = 0; i <= j; i++) sum += columns[j][i] * projected[i];
      return sum / scale[own];
    }),
  );
  const high = gradient / radius || SMALLEST / Math.min(radius, 0.1);
  return { low, high, otherwise: gradient / length };
}

/** D p / |D p|, and D once more, in the order of R. */
function direction({ order }, scale, step) {
  const scaled = product(scale, step);
  const length = norm(scaled);
  return order.map((own) => scale[own] * (scaled[own] / length));
}

/** By how much Newton's method changes the damping. */
function newton(excess, radius, solved) {
  const length = norm(solved);
  return excess / radius / length / length;
}

/** Gauss and Newton's; what a system of lower rank leaves open is 0. */
function undampedStep({ columns, order, projected }) {
  const singular = INDICES.find((j) => columns[j][j] === 0) ?? N;
  const solved = projected.map((value, j) => (j < singular ? value : 0));
  for (let j = singular - 1; j >= 0; j--) {
    solved[j] /= columns[j][j];
    for (let i = 0; i < j; i++) solved[i] -= columns[j][i] * solved[j];
  }
  return { step: unordered(solved, order), isFullRank: singular === N };
}

/** Of R and a diagonal below it: rotated into a triangle, whose rows are `below` but for what is left of the diagonal. */
function dampedStep({ columns, order, projected }, added) {
  const below = INDICES.map((j) => INDICES.map((i) => (i >= j ? columns[i][j] : 0)));
  const solved = [...projected];
  for (const j of INDICES) {
    const row = [0, 0, 0];
    row[j] = added[order[j]];
    let value = 0;
    for (let k = j; k < N; k++) {
      if (row[k] === 0) continue;
      const own = below[k];
      const [cos, sin] = rotation(own[k], row[k]);
      own[k] = cos * own[k] + sin * row[k];
      [solved[k], value] = [cos * solved[k] + sin * value, -sin * solved[k] + cos * value];
      for (let i = k + 1; i < N; i++)
        [own[i], row[i]] = [cos * own[i] + sin * row[i], -sin * own[i] + cos * row[i]];
    }
  }
  for (let j = N - 1; j >= 0; j--) {
    let sum = 0;
    for (let i = j + 1; i < N; i++) sum += below[j][i] * solved[i];
    solved[j] = (solved[j] - sum) / below[j][j];
  }
  return { step: unordered(solved, order), below };
}

/** Cosine and sine of the turn that brings (a, b) onto the first axis. */
function rotation(a, b) {
  if (Math.abs(a) < Math.abs(b)) {
    const cotangent = a / b;
    const sin = 0.5 / Math.sqrt(0.25 + 0.25 * (cotangent * cotangent));
    return [sin * cotangent, sin];
  }
  const tangent = b / a;
  const cos = 0.5 / Math.sqrt(0.25 + 0.25 * (tangent * tangent));
  return [cos, cos * tangent];
}

function unordered(values, order) {
  const result = [];
  order.forEach((own, j) => (result[own] = values[j]));
  return result;
}
