// The published rule on a parabola in the long run, as tlr.course.theory has it: what theorem 2 of notebook 07 says.

import { relativeRateMap } from "./descent.js";

// x = αλ over the steps from x₀ on.
export function orbit(x0, updates, c) {
  const x = [x0];
  for (let t = 0; t < updates; t++) x.push(relativeRateMap(x[t], "published", c));
  return x;
}

const unique = (values) => [...new Set(values)].sort((a, b) => a - b);
const middles = (edges) => edges.slice(1).map((edge, i) => (edge + edges[i]) / 2);
const widths = (edges) => edges.slice(1).map((edge, i) => edge - edges[i]);
const total = (values) => values.reduce((a, b) => a + b, 0);

// From one look at y = 4x − 3 below 1 to the next.
function returnMap(y, c) {
  const z = (1 + c) * y + 3 * c;
  return z - Math.floor(z);
}

// The invariant density of the return map (Parry, 1964), a step function on [0, 1]: its edges, and heights of mean 1.
function returnDensity(c) {
  const terms = Math.ceil(40 / Math.log(1 + c));
  const [ones, zeros] = [[1], [0]];
  for (let i = 0; i < terms; i++) {
    ones.push(returnMap(ones[i], c));
    zeros.push(returnMap(zeros[i], c));
  }
  const edges = unique([0, 1, ...ones, ...zeros]);
  const weights = ones.map((_, i) => (1 + c) ** -i);
  const weight = (of, y) => of.reduce((sum, each, i) => (y < each ? sum + weights[i] : sum), 0);
  const heights = middles(edges).map((y) => weight(ones, y) - weight(zeros, y));
  const mean = total(heights.map((height, i) => height * (edges[i + 1] - edges[i])));
  return { edges, heights: heights.map((height) => height / mean) };
}

function heightAt({ edges, heights }, y) {
  let [low, high] = [0, heights.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= y) low = middle;
    else high = middle;
  }
  return heights[low];
}

// What an update does in the long run: the share of updates `below` the best step, the mean logarithm of the loss's
// factor, and density(x), that of αλ on [3/4, 1 + c].
export function longRun(c) {
  const steps = returnDensity(c);
  const jumps = Array.from({ length: Math.floor(4 * c) + 1 }, (_, i) => (i + 1 - 3 * c) / (1 + c));
  const cuts = unique([...steps.edges, ...jumps.filter((jump) => jump > 0 && jump < 1)]);
  const wide = widths(cuts);
  const mass = middles(cuts).map((y, i) => wide[i] * heightAt(steps, y));
  const above = middles(cuts).map((y) => Math.floor((1 + c) * y + 3 * c));
  const updates = total(mass.map((each, i) => each * (1 + above[i])));
  let logLoss = 0;
  for (let visit = 0; visit <= Math.max(...above); visit++) {
    const slope = (visit ? 1 + c : 1) / 4;
    const start = visit ? 0.75 * (1 + c) - (visit - 1) / 4 : 0.75;
    // ∫ log|distance| dy between cuts, where the distance falls by `slope` per unit of y.
    const integral = (y) => {
      const distance = 1 - start - slope * y;
      return -(distance * Math.log(Math.abs(distance) || 1) - distance) / slope;
    };
    mass.forEach((each, i) => {
      if (visit <= above[i]) logLoss += (2 * each * (integral(cuts[i + 1]) - integral(cuts[i]))) / wide[i];
    });
  }
  const below = 1 / updates;
  const density = (x) => {
    let found = 0;
    for (let visit = 0; visit < Math.floor(4 * c) + 2; visit++) {
      const from = visit ? (x + (visit - 1) / 4) / (1 + c) : x;
      if (from >= 0.75 && from < 1 && (!visit || x > 1))
        found += (visit ? 4 / (1 + c) : 4) * heightAt(steps, 4 * from - 3);
    }
    return found * below;
  };
  return { below, logLoss: logLoss / updates, density };
}
