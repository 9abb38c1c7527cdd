// Each component of a descent along an eigenvector of the Hessian, and whether α shrinks it.

import { descend, described, dot, inItsAxes, lost, ratios, spread } from "./descent.js";
import { clamp } from "./numbers.js";
import { HIGHEST, decades, drawAxes, drawLine, drawPanel, fill, marker, short, within, write } from "./picture.js";
import { onPointer, stage, tell, timePanels } from "./stage.js";

const TOP = 2.4;
const LEAST = 1e-16;

function render({ model, el }) {
  const { methods, dashes, shades, toy: own, steps } = model.get("scene");
  const scene = stage({ model, el }, {
    name: "eigenvalues",
    methods,
    steps,
    fields: { factor: "The factor of each component in one step, over αλ. Left and right arrow keys move α₀.", error: "The error of each component over its first, over αλ" },
    panels: {
      errors: "The error of each component over the steps",
      alpha: "The learning rate over the steps, and the best one for each component",
    },
    about: "Drag on the upper picture to move α₀, and on a panel to move the time; point at a dot to read it.",
    keys: "left and right arrows on the picture",
  });
  const { factor, error, errors: panel, alpha } = scene.surfaces;
  let [method, run, eigenvalues, errors, components, held] = [null, null, [], [], [], null];

  function compute({ rule, alpha0, condition, count }) {
    eigenvalues = own ? own.eigenvalues : spread(0, 1, count, (share) => condition ** share);
    const toy = own ? described(own) : inItsAxes(eigenvalues);
    const start = own ? own.start : eigenvalues.map(() => 1);
    method = methods.find((each) => each.rule === rule);
    run = descend(rule, toy, { start, alpha0, c: 0.25 }, steps);
    const along = (w, k) => (own ? dot(w.map((value, i) => value - own.minimum[i]), own.vectors[k]) : w[k]);
    errors = eigenvalues.map((_, k) => run.w.map((w) => Math.abs(along(w, k) / along(start, k))));
    const shade = (k) => shades[Math.round((k * (shades.length - 1)) / Math.max(1, eigenvalues.length - 1))];
    components = eigenvalues.map((_, k) => ({ color: shade(k), dash: dashes[k % dashes.length], marker: "o", shaded: true }));
  }

  // The last step at which there is something to see.
  const shownAt = () => Math.min(scene.t, (run.diverged ?? steps + 1) - 1);

  function draw() {
    const t = shownAt();
    const places = eigenvalues.map((value) => run.alpha[t] * value);
    const reached = run.alpha.flatMap((each) => eigenvalues.map((value) => each * value));
    const [low, high] = decades([...reached, 0.1, 100]);
    const span = decades([...errors.flat(), 1]).map((exponent, i) => 4 * (i ? Math.ceil(exponent / 4) : Math.floor(exponent / 4)));
    const x = { low: 10 ** low, high: 10 ** high, log: true };
    factor.begin();
    drawAxes(factor, { title: "factor of one step, |1 − αλ|, for each λ", x: { ...x, bare: true }, y: { low: 0, high: TOP, every: 1 }, sides: { bottom: 0.5 } });
    error.begin();
    const y = { low: 10 ** span[0], high: 10 ** span[1], log: true };
    drawAxes(error, { title: "error / first error", x: { ...x, label: "αλ" }, y });
    [factor, error].forEach(tint);
    write(factor, "shrinks", factor.axes.box.left + 0.5 * factor.unit, factor.axes.box.top + 0.8 * factor.unit);
    write(factor, "grows", factor.axes.box.right - 0.5 * factor.unit, factor.axes.box.bottom - 0.8 * factor.unit, "right");
    const grid = spread(low, high, 400, (exponent) => 10 ** exponent);
    within(factor, () => {
      drawLine(factor, { color: factor.look.gray, dash: [] }, grid.map((each) => [each, Math.abs(1 - each)]), 0.12);
    });
    places.forEach((each, k) => {
      const end = clamp(errors[k][t], LEAST, HIGHEST);
      drawLine(error, { ...components[k], dash: [] }, [[each, 1], [each, end]], 0.3);
      marker(error, components[k], error.axes.x(each), error.axes.y(end), 0.34);
      marker(factor, components[k], factor.axes.x(each), factor.axes.y(Math.min(Math.abs(1 - each), TOP)), 0.34);
    });
    nameDots(places);
    drawPanels();
    tell(scene, [{ method, run }], () => fate(places));
    scene.say(`t = ${scene.t}: ${fate(places)}`);
  }

  // Largest λ first, if there is room.
  function nameDots(places) {
    const { unit, axes } = factor;
    let free = Infinity;
    for (let k = places.length - 1; k >= 0; k--) {
      const [x, y] = [axes.x(places[k]), axes.y(Math.min(Math.abs(1 - places[k]), TOP))];
      const name = (places.length === 2 ? ["flat: ", "steep: "][k] : "") + short(+eigenvalues[k].toPrecision(2));
      const room = (0.24 * name.length + 0.2) * unit;
      if (x + room > free) continue;
      write(factor, name, x, y + (y < axes.box.top + unit ? 0.8 : -0.8) * unit, "center");
      free = x - room;
    }
  }

  function tint(surface) {
    const { look, axes } = surface;
    const { left, right, top, bottom } = axes.box;
    const edge = clamp(axes.x(2), left, right);
    fill(surface, look.good, left, top, edge, bottom);
    fill(surface, look.warm, edge, top, right, bottom);
  }

  function drawPanels() {
    const rising = run.diverged ?? steps + 1;
    const series = components.map((method, k) => ({ method, values: errors[k].slice(0, rising) }));
    const { pinned } = scene;
    const ghost = { ghost: true, dash: [] };
    const ghosts = (pinned?.errors ?? []).map((values) => ({ method: ghost, values }));
    drawPanel(panel, scene, { title: "errors over the steps", series, ghosts });
    const last = eigenvalues.length - 1;
    const name = (k) => (k === last ? "1/λₘₐₓ" : k === 0 ? "1/λₘᵢₙ" : "");
    const levels = eigenvalues.map((value, k) => ({ value: 1 / value, label: name(k), shift: 0, thin: true }));
    const alphas = [{ method, values: run.alpha.slice(0, rising) }];
    const before = pinned ? [{ method: ghost, values: pinned.alpha }] : [];
    drawPanel(alpha, scene, { title: "learning rate α, and each 1/λ", series: alphas, ghosts: before, levels, unstable: 2 / eigenvalues[last] });
  }

  function fate(places) {
    if (lost(run, scene.time)) return `diverged at t = ${run.diverged}`;
    const t = shownAt();
    const shrinking = places.filter((each) => each > 0 && each < 2).length;
    return `α ${short(run.alpha[t])} shrinks ${shrinking} of ${places.length}`;
  }

  const move = (alpha0, done) => scene.take({ alpha0 }, done);

  function read(x) {
    const t = shownAt();
    const far = eigenvalues.map((value) => Math.abs(factor.axes.x(run.alpha[t] * value) - x));
    const k = far.indexOf(Math.min(...far));
    return [`λ ${short(eigenvalues[k])}, αλ ${short(run.alpha[t] * eigenvalues[k])}`, `error / first ${short(errors[k][t])}`];
  }

  // A decade to the right is an α₀ ten times as large.
  onPointer(scene, factor, {
    press: (x) => {
      held = { x, alpha0: scene.settings.alpha0, back: factor.axes.x.back };
    },
    drag: (x) => move((held.alpha0 * held.back(x)) / held.back(held.x)),
    read,
  });
  onPointer(scene, error, { read });
  timePanels(scene, ["errors", "alpha"], (t) => [`α ${short(run.alpha[t])}`, `loss / first loss ${short(ratios(run)[t])}`]);

  const key = (right) => right && (() => move(scene.settings.alpha0 * 1.1 ** right, true));
  const pin = () => ({ errors, alpha: run.alpha });
  return scene.run({ compute, draw, pin, key });
}

export default { render };
