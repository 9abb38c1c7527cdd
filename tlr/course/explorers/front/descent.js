// Gradient descent with a rule for α, and the functions to descend on. Nothing here draws.

import { gradientStep, relativeChange } from "./rule.js";

const grown = (alpha, change) => {
  const proposed = alpha * (1 + change);
  return proposed > 0 && proposed < Infinity ? proposed : alpha;
};

const NEXT_ALPHA = {
  gd: (alpha) => alpha,
  naive: (alpha, { ahead }, { eta }) => gradientStep(alpha, ahead(alpha), eta),
  hypergradient: (alpha, { gp }, { beta }) => gradientStep(alpha, gp, beta),
};
for (const [name, change] of Object.entries(relativeChange)) {
  NEXT_ALPHA[name] = (alpha, { gg, gp, pp }, { c }) => grown(alpha, change(gg, gp, pp, c));
}

// Where a rule takes α, from the inner products of the gradients after and before a step.
export const nextAlpha = (rule, alpha, products, settings) => NEXT_ALPHA[rule](alpha, products, settings);

// x_{t+1} as a function of x_t = αλ, on a quadratic of one variable with curvature λ.
export const relativeRateMap = (x, rule, c) =>
  nextAlpha(rule, x, { gg: (1 - x) ** 2, gp: 1 - x, pp: 1 }, { c });

// Loops, since maps of descents take millions of steps.
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const times = (matrix, w) => matrix.map((row) => dot(row, w));

function stepped(w, alpha, g) {
  const next = [];
  for (let i = 0; i < w.length; i++) next.push(w[i] - alpha * g[i]);
  return next;
}

// ½ wᵀHw in the plane, with the eigenvalues 1 and κ. A mini-batch has its minimum at `noise` times its draw.
export function quadratic({ condition, rotation, noise = 0 }, draws = []) {
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const toAxes = ([x, y]) => [x * cos + y * sin, y * cos - x * sin];
  const gradient = (w) => {
    const [u, v] = toAxes(w);
    return [u * cos - condition * v * sin, u * sin + condition * v * cos];
  };
  return {
    angle,
    condition,
    value(w) {
      const [u, v] = toAxes(w);
      return (u * u + condition * v * v) / 2;
    },
    gradient,
    batch: noise ? (w, t) => gradient(stepped(w, noise, draws[t])) : gradient,
    curvature: (g) => dot(g, gradient(g)),
  };
}

// What Python describes: a function printed from its formula, or a quadratic by its Hessian and its minimum.
export function described({ code, matrix, minimum, draws }) {
  if (code) {
    const { value, gradient, hessian } = new Function(`return ${code};`)();
    return { value, gradient, batch: gradient, curvature: (g, w) => dot(g, times(hessian(w), g)) };
  }
  const gradient = (w) => times(matrix, stepped(w, 1, minimum));
  return {
    value: (w) => dot(stepped(w, 1, minimum), gradient(w)) / 2,
    gradient,
    batch: draws ? (w, t) => gradient(stepped(w, 1, draws[t])) : gradient,
    curvature: (g) => dot(g, times(matrix, g)),
  };
}

// A descent of one rule, step by step, until it diverges: visit(w, alpha, loss, g), where g led there.
function walk(rule, toy, settings, steps, visit) {
  let { start: w, alpha0: alpha } = settings;
  let [loss, previous, pp] = [toy.value(w), w.map(() => 0), 0];
  visit(w, alpha, loss);
  for (let t = 0; t < steps && Number.isFinite(loss); t++) {
    const [from, g] = [w, toy.batch(w, t)];
    const gg = dot(g, g);
    const ahead = (step) => dot(toy.batch(stepped(from, step, g), t), g);
    alpha = nextAlpha(rule, alpha, { gg, gp: dot(g, previous), pp, ahead }, settings);
    w = stepped(w, alpha, g);
    loss = toy.value(w);
    if (!Number.isFinite(loss)) [w, loss] = [w.map(() => Infinity), Infinity];
    visit(w, alpha, loss, g);
    [previous, pp] = [g, gg];
  }
}

// The descent of one rule: arrays over t = 0 … steps, as in tlr.descent.Trajectory; inf from where it diverged.
// `g` are the gradients that were followed: g[t] leads from w[t] to w[t + 1].
export function descend(rule, toy, settings, steps) {
  const run = { w: [], alpha: [], loss: [], g: [] };
  walk(rule, toy, settings, steps, (w, alpha, loss, g) => {
    run.w.push(w);
    run.alpha.push(alpha);
    run.loss.push(loss);
    if (g) run.g.push(g);
  });
  const end = run.loss.indexOf(Infinity);
  for (const values of [run.w, run.alpha, run.loss])
    while (values.length <= steps) values.push(values.at(-1));
  return { ...run, diverged: end < 0 ? null : end };
}

// Whether a run has diverged by the time t.
export const lost = ({ diverged }, t) => diverged !== null && t >= diverged;

export const ratios = ({ loss }) => loss.map((value) => value / loss[0]);

// The logarithm of loss / first loss at every step of a descent, written into `found` from `at` on: for maps of many.
export function decadesFallen(rule, toy, settings, steps, found, at) {
  let [first, t] = [0, at];
  found.fill(Infinity, at, at + steps + 1);
  walk(rule, toy, settings, steps, (w, alpha, loss) => {
    first ||= loss;
    found[t++] = Math.log10(loss / first);
  });
}

// A quadratic in its own axes, with the minimum at 0.
export function inItsAxes(eigenvalues) {
  const gradient = (w) => {
    const g = [];
    for (let i = 0; i < w.length; i++) g.push(eigenvalues[i] * w[i]);
    return g;
  };
  return {
    value: (w) => dot(w, gradient(w)) / 2,
    gradient,
    batch: gradient,
    curvature: (g) => dot(g, gradient(g)),
  };
}

// The exact line search's step from w_{t−1} along the gradient that was followed, at each t; for quadratics.
export function bestSteps(toy, run) {
  const best = run.g.map((g, t) => dot(g, toy.gradient(run.w[t])) / toy.curvature(g, run.w[t]));
  return [best[0] ?? NaN, ...best];
}

// What a rule sees after the step from w by α, and the curvature that it does not see: gᵀ ∇²L(w − αg) g.
export function stepProducts(toy, w, alpha) {
  const before = toy.gradient(w);
  const there = stepped(w, alpha, before);
  const now = toy.gradient(there);
  const exact = toy.curvature(before, there);
  return { alpha, gg: dot(now, now), gp: dot(now, before), pp: dot(before, before), exact };
}

// The loss along the step from w against the gradient there, as a function of α.
export function alongGradient(toy, w) {
  const g = toy.gradient(w);
  return (alpha) => toy.value(stepped(w, alpha, g));
}

// Values from low to high, evenly.
export const spread = (low, high, count, at = (value) => value) => Array.from({ length: count }, (_, i) => at(low + ((high - low) * i) / (count - 1)));

function least(values) {
  let found = 0;
  values.forEach((value, i) => {
    if (value < values[found]) found = i;
  });
  return found;
}

// The α between 1e-9 and 1e3 that makes the loss least: by a grid of decades, then by a finer one.
export function exactLineSearch(along) {
  const coarse = spread(-9, 3, 1200, (exponent) => 10 ** exponent);
  const near = Math.min(Math.max(least(coarse.map(along)), 1), coarse.length - 2);
  const fine = spread(coarse[near - 1], coarse[near + 1], 2000);
  return fine[least(fine.map(along))];
}
