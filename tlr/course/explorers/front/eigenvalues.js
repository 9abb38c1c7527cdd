// Many dimensions: each component of a descent along an eigenvector of the Hessian, and whether α shrinks it.

import { descend, described, dot, inItsAxes, spread } from "./descent.js";
import { build } from "./elements.js";
import { HIGHEST, decades, drawAxes, drawLine, drawPanel, line, marker, short, within, write } from "./picture.js";
import { arrows, onPointer, stage, timePanels } from "./stage.js";

const TOP = 2.4;
const LEAST = 1e-16;
const LABEL = "The factor of each component in one step, over αλ. Left and right arrow keys move α₀.";
const ABOUT = "Drag on the upper picture to move α₀, and on a panel to move the time; point at a dot to read it.";
const KEYS = "left and right arrows on the picture";

function render({ model, el }) {
  const { controls, methods, dashes, shades, toy: own, steps } = model.get("scene");
  const parts = build({
    name: "eigenvalues",
    controls,
    methods,
    steps,
    hides: false,
    fields: {
      factor: { label: LABEL, keys: true },
      error: { label: "The error of each component over its first, over αλ" },
    },
    panels: {
      errors: { label: "The error of each component over the steps" },
      alpha: { label: "The learning rate over the steps, and the best one for each component" },
    },
    about: ABOUT,
    keys: KEYS,
  });
  const scene = stage({ model, el }, { parts, steps });
  const { factor, error, errors: panel, alpha } = scene.surfaces;
  let [run, eigenvalues, errors, components, held] = [null, [], [], [], null];

  function compute({ rule, alpha0, condition, count }) {
    eigenvalues = own ? own.eigenvalues : spread(0, 1, count, (share) => condition ** share);
    const toy = own ? described(own) : inItsAxes(eigenvalues);
    const start = own ? own.start : eigenvalues.map(() => 1);
    run = descend(rule, toy, { start, alpha0, c: 0.25 }, steps);
    const along = (w, k) => (own ? dot(w.map((value, i) => value - own.minimum[i]), own.vectors[k]) : w[k]);
    errors = eigenvalues.map((_, k) => run.w.map((w) => Math.abs(along(w, k) / along(start, k))));
    const shade = (k) => shades[Math.round((k * (shades.length - 1)) / Math.max(1, eigenvalues.length - 1))];
    components = eigenvalues.map((_, k) => ({ color: shade(k), dash: dashes[k % dashes.length], marker: "o", shaded: true }));
    parts.legend.forEach(({ made }, i) => {
      made.hidden = methods[i].rule !== rule;
    });
  }

  // The last step at which there is something to see.
  const shownAt = () => Math.min(Math.floor(scene.time), (run.diverged ?? steps + 1) - 1);
  const clip = (value) => Math.min(Math.max(value, LEAST), HIGHEST);

  function draw() {
    const t = shownAt();
    const places = eigenvalues.map((value) => run.alpha[t] * value);
    const reached = run.alpha.flatMap((each) => eigenvalues.map((value) => each * value));
    const [low, high] = decades([...reached, 0.1, 100]);
    const span = decades([...errors.flat(), 1]).map((exponent, i) => 4 * (i ? Math.ceil(exponent / 4) : Math.floor(exponent / 4)));
    const x = { low: 10 ** low, high: 10 ** high, log: true };
    factor.begin();
    drawAxes(factor, { title: "factor of one step, |1 − αλ|", x: { ...x, bare: true }, y: { low: 0, high: TOP, every: 1 }, sides: { bottom: 0.5 } });
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
      const end = clip(errors[k][t]);
      drawLine(error, { ...components[k], dash: [] }, [[each, 1], [each, end]], 0.3);
      marker(error, components[k], error.axes.x(each), error.axes.y(end), error.unit * 0.34);
      marker(factor, components[k], factor.axes.x(each), factor.axes.y(Math.min(Math.abs(1 - each), TOP)), factor.unit * 0.34);
    });
    drawPanels();
    const i = methods.findIndex(({ rule }) => rule === scene.settings.rule);
    parts.legend[i].say(fate(places));
    if (!scene.playing) scene.say(`t = ${Math.floor(scene.time)}: ${fate(places)}`);
  }

  function tint(surface) {
    const { context, look, axes } = surface;
    const { left, right, top, bottom } = axes.box;
    const edge = Math.min(Math.max(axes.x(2), left), right);
    context.fillStyle = look.good;
    context.fillRect(left, top, edge - left, bottom - top);
    context.fillStyle = look.warm;
    context.fillRect(edge, top, right - edge, bottom - top);
  }

  function drawPanels() {
    const { time } = scene;
    const rising = run.diverged ?? steps + 1;
    const series = components.map((method, k) => ({ method, values: errors[k].slice(0, rising) }));
    const { pinned } = scene;
    const ghost = { ghost: true, dash: [] };
    const ghosts = (pinned?.errors ?? []).map((values) => ({ method: ghost, values }));
    drawPanel(panel, { title: "errors over the steps", series, ghosts, time, steps });
    const method = methods.find(({ rule }) => rule === scene.settings.rule);
    const last = eigenvalues.length - 1;
    const name = (k) => (k === last ? "1/λₘₐₓ" : k === 0 ? "1/λₘᵢₙ" : "");
    const levels = eigenvalues.map((value, k) => ({ value: 1 / value, label: name(k), shift: 0, thin: true }));
    const alphas = [{ method, values: run.alpha.slice(0, rising) }];
    const before = pinned ? [{ method: ghost, values: pinned.alpha }] : [];
    drawPanel(alpha, { title: "learning rate α, and each 1/λ", series: alphas, ghosts: before, levels, unstable: 2 / eigenvalues[last], time, steps });
  }

  function fate(places) {
    if (run.diverged !== null && scene.time >= run.diverged) return `diverged at t = ${run.diverged}`;
    const t = shownAt();
    const shrinking = places.filter((each) => each > 0 && each < 2).length;
    return `α ${short(run.alpha[t])} shrinks ${shrinking} of ${places.length}`;
  }

  const move = (alpha0, done) => scene.take({ alpha0 }, done);

  function read(surface) {
    return (x, y) => {
      const t = shownAt();
      const far = eigenvalues.map((value) => Math.abs(surface.axes.x(run.alpha[t] * value) - x));
      const k = far.indexOf(Math.min(...far));
      const lines = [`λ ${short(eigenvalues[k])}, αλ ${short(run.alpha[t] * eigenvalues[k])}`, `error / first ${short(errors[k][t])}`];
      parts.tip.show(surface.canvas, x, y, lines);
    };
  }

  // A decade to the right is an α₀ ten times as large.
  const drag = (x) => move((held.alpha0 * held.back(x)) / held.back(held.x));
  onPointer(factor.canvas, {
    press: (x) => {
      held = { x, alpha0: scene.settings.alpha0, back: factor.axes.x.back };
    },
    drag,
    release: scene.save,
    hover: read(factor),
    leave: parts.tip.hide,
  });
  onPointer(error.canvas, { hover: read(error), leave: parts.tip.hide });
  timePanels(scene, parts, ["errors", "alpha"], (t) => [
    `α ${short(run.alpha[t])}`,
    `loss / first loss ${short(run.loss[t] / run.loss[0])}`,
  ]);

  function key(event) {
    const [right] = arrows(event, factor.canvas);
    return right && (() => move(scene.settings.alpha0 * 1.1 ** right, true));
  }

  const pin = () => ({ errors, alpha: run.alpha });
  return scene.run({ compute, draw, pin, key });
}

export default { render };
