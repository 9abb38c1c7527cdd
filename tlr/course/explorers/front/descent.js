// Gradient descent on the quadratic ½ wᵀHw with eigenvalues 1 and κ. Nothing here draws.

import { gradientStep, relativeChange } from "./rule.js";

const grown = (alpha, change) => {
  const proposed = alpha * (1 + change);
  return proposed > 0 && proposed < Infinity ? proposed : alpha;
};

const NEXT_ALPHA = {
  gd: (alpha) => alpha,
  hypergradient: (alpha, { gp }, { beta }) => gradientStep(alpha, gp, beta),
};
for (const [name, change] of Object.entries(relativeChange)) {
  NEXT_ALPHA[name] = (alpha, { gg, gp, pp }, { c }) => grown(alpha, change(gg, gp, pp, c));
}

const dot = ([a, b], [c, d]) => a * c + b * d;

export function quadratic({ condition, rotation }) {
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const toAxes = ([x, y]) => [x * cos + y * sin, y * cos - x * sin];
  return {
    angle,
    condition,
    value(w) {
      const [u, v] = toAxes(w);
      return (u * u + condition * v * v) / 2;
    },
    gradient(w) {
      const [u, v] = toAxes(w);
      return [u * cos - condition * v * sin, u * sin + condition * v * cos];
    },
  };
}

// The descent of one rule: arrays over t = 0 … draws.length, as in tlr.descent.Trajectory; inf from where it diverged.
// `best` is the exact line search's step from w_{t−1} along the gradient that was followed, where α_t was taken.
// `draws` holds the standard normal center of each step's mini-batch, the same for every rule.
export function descend(rule, toy, settings, draws) {
  const w = [settings.start];
  const alpha = [settings.alpha0];
  const loss = [toy.value(w[0])];
  const best = [NaN];
  let [previous, pp] = [[0, 0], 0];
  for (let t = 0; t < draws.length; t++) {
    if (!Number.isFinite(loss[t])) {
      w.push([Infinity, Infinity]);
      alpha.push(alpha[t]);
      loss.push(Infinity);
      best.push(NaN);
      continue;
    }
    const g = toy.gradient(w[t].map((x, i) => x - settings.noise * draws[t][i]));
    const products = { gg: dot(g, g), gp: dot(g, previous), pp };
    alpha.push(NEXT_ALPHA[rule](alpha[t], products, settings));
    best.push(dot(g, toy.gradient(w[t])) / dot(g, toy.gradient(g)));
    w.push([w[t][0] - alpha[t + 1] * g[0], w[t][1] - alpha[t + 1] * g[1]]);
    const value = toy.value(w[t + 1]);
    loss.push(Number.isFinite(value) ? value : Infinity);
    [previous, pp] = [g, products.gg];
  }
  best[0] = best[1];
  const end = loss.indexOf(Infinity);
  return { w, alpha, loss, best, diverged: end < 0 ? null : end };
}
