// The final loss for every α₀ and condition number, under one rule: a map that grows finer while one looks at it.

import { threeDigits } from "./controls.js";
import { decadesFallen, descend, inItsAxes } from "./descent.js";
import { build } from "./elements.js";
import { channels, drawAxes, drawLine, drawPanel, ring, short, within, write } from "./picture.js";
import { onPointer, stage, timePanels } from "./stage.js";

// Cells across and up, coarse ones first.
const PASSES = [
  [24, 16],
  [48, 32],
  [96, 64],
];
const [ACROSS, UP] = PASSES.at(-1);
// Milliseconds of a frame that descents may take.
const SLICE = 7;
const LEAST = -12;
const BAR = [-12, -8, -4, 0];
const NUDGE = 1.1;
// The rules that listen to each option.
const LISTENERS = { c: ["published", "secant"], eta: ["naive"], beta: ["hypergradient"] };
const LABEL =
  "A map of the final loss: the first learning rate to the right, the condition number upwards. Arrow keys move the run that is opened.";
const KEYS =
  "Drag on the map to open the run from there, and on a panel to see the map after so many steps; point at the map to read it. Dashed: α₀ = 2/κ. " +
  "Keys: arrows on the map, space plays and pauses, comma and period step, Home and End jump, L enlarges, R resets.";

// The map's values: log10 of loss / first loss at every step, for each cell of each pass; more at every `advance`.
function mapOf(functionAt, place, rule, settings, steps) {
  const passes = PASSES.map(([columns, rows]) => ({ columns, rows, found: new Float32Array(columns * rows * (steps + 1)), done: 0 }));
  let at = 0;

  function next({ columns, rows, found, done }) {
    const [alpha0, condition] = place(((done % columns) + 0.5) / columns, (Math.floor(done / columns) + 0.5) / rows);
    const { toy, start } = functionAt(condition);
    decadesFallen(rule, toy, { ...settings, start, alpha0 }, steps, found, done * (steps + 1));
  }

  return {
    whole: () => at === passes.length,
    // Until the time is up, or the map is whole.
    advance(until) {
      for (; at < passes.length; at++) {
        const pass = passes[at];
        for (; pass.done < pass.columns * pass.rows; pass.done++) {
          if (performance.now() > until) return;
          next(pass);
        }
      }
    },
    // The finest that is known at a cell of the last pass; NaN where nothing is.
    value(column, row, t) {
      for (let k = Math.min(at, passes.length - 1); k >= 0; k--) {
        const { columns, rows, found, done } = passes[k];
        const cell = Math.floor((row * rows) / UP) * columns + Math.floor((column * columns) / ACROSS);
        if (cell < done) return found[cell * (steps + 1) + t];
      }
      return NaN;
    },
  };
}

function render({ model, el }) {
  const { controls, methods, powers, shades, steps } = model.get("scene");
  const [alphas, conditions] = ["alpha0", "condition"].map((name) => controls.find((each) => each.name === name));
  const parts = build({
    name: "basins",
    controls,
    methods,
    steps,
    unit: "steps",
    hides: false,
    fields: { basin: { label: LABEL, keys: true } },
    panels: {
      alpha: { label: "The learning rate of the opened run over the steps" },
      loss: { label: "The loss of the opened run over the steps" },
    },
    hint: "Drag to open a run",
    keys: KEYS,
  });
  const names = [...controls.map(({ name }) => name), "steps"];
  const scene = stage({ model, el }, { names, parts, steps, clockName: "steps", perSecond: 40 });
  const { basin, alpha, loss } = scene.surfaces;
  const last = shades.length - 1;
  const packed = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
  const tints = shades.map((color) => packed(channels(color)));
  const image = new ImageData(ACROSS, UP);
  const pixels = new Int32Array(image.data.buffer);
  const scratch = document.createElement("canvas");
  Object.assign(scratch, { width: ACROSS, height: UP });
  let [cells, of, method, run] = [null, "", methods[0], null];

  const along = ({ low, high }, share) => low * (high / low) ** share;
  const place = (x, y) => [along(alphas, x), along(conditions, y)];
  function functionAt(condition) {
    const eigenvalues = powers.map((power) => condition ** power);
    return { toy: inItsAxes(eigenvalues), start: eigenvalues.map(() => 1) };
  }

  function descentFrom(alpha0, condition) {
    const { toy, start } = functionAt(condition);
    return descend(method.rule, toy, { ...scene.settings, start, alpha0 }, steps);
  }

  function compute({ rule, alpha0, condition, ...settings }) {
    const heard = Object.keys(LISTENERS).filter((name) => LISTENERS[name].includes(rule));
    const key = [rule, ...heard.map((name) => settings[name])].join();
    if (key !== of) cells = mapOf(functionAt, place, rule, settings, steps);
    of = key;
    method = methods.find((each) => each.rule === rule);
    run = descentFrom(alpha0, condition);
    for (const { name, row } of parts.controls) if (LISTENERS[name]) row.hidden = !heard.includes(name);
    parts.legend.forEach(({ made }, i) => {
      made.hidden = methods[i] !== method;
    });
  }

  function paint(t) {
    const rose = packed(channels(basin.look.edge));
    for (let row = 0; row < UP; row++) {
      for (let column = 0; column < ACROSS; column++) {
        const value = cells.value(column, row, t);
        const tint = value > 0 ? rose : tints[Math.floor(Math.max(1 - value / LEAST, 0) * last)];
        pixels[(UP - 1 - row) * ACROSS + column] = tint ?? 0;
      }
    }
    scratch.getContext("2d").putImageData(image, 0, 0);
  }

  function draw() {
    const t = Math.floor(scene.time);
    const { alpha0, condition } = scene.settings;
    cells.advance(performance.now() + SLICE);
    basin.canvas.setAttribute("aria-busy", String(!cells.whole()));
    if (!cells.whole()) scene.schedule();
    basin.begin();
    paint(t);
    const { context, unit, look } = basin;
    drawAxes(basin, {
      title: `after ${t} steps`,
      x: { low: alphas.low, high: alphas.high, log: true, label: "α₀" },
      y: { low: conditions.low, high: conditions.high, log: true, label: "condition κ" },
      sides: { top: 2.9, right: 5 },
    });
    const { box, x, y } = basin.axes;
    context.imageSmoothingEnabled = false;
    context.drawImage(scratch, box.left, box.top, box.right - box.left, box.bottom - box.top);
    within(basin, () => {
      const edge = [conditions.low, conditions.high].map((each) => [2 / each, each]);
      drawLine(basin, { color: "#000000", plain: true, dash: [] }, edge, 0.22);
      drawLine(basin, { color: "#ffffff", plain: true, dash: [4, 2.5] }, edge, 0.12);
    });
    drawBar(box);
    const held = { ...basin, look: { ...look, ink: "#ffffff" } };
    ring({ ...basin, look: { ...look, ink: "#000000" } }, x(alpha0), y(condition), unit * 0.62);
    ring(held, x(alpha0), y(condition), unit * 0.5);
    drawPanels(t);
    parts.legend[methods.indexOf(method)].say(fate(run, t));
    if (!scene.playing) scene.say(`α₀ ${short(alpha0)}, condition number ${short(condition)}, ${t} steps: ${fate(run, t)}.`);
  }

  function drawBar({ right, top, bottom }) {
    const { context, unit, look } = basin;
    const [left, wide, gap] = [right + 0.7 * unit, 0.8 * unit, 1.3 * unit];
    const [from, to] = [bottom, top + gap];
    shades.forEach((color, i) => {
      const high = (from - to) / shades.length;
      context.fillStyle = color;
      context.fillRect(left, from - (i + 1) * high, wide, high + 1);
    });
    context.fillStyle = look.edge;
    context.fillRect(left, top, wide, unit);
    write(basin, "loss / first", left, top - 0.8 * unit);
    write(basin, "rose", left + wide + 0.35 * unit, top + unit / 2);
    for (const exponent of BAR) {
      const label = short(10 ** exponent);
      write(basin, label, left + wide + 0.35 * unit, from - (1 - exponent / LEAST) * (from - to));
    }
  }

  function drawPanels(t) {
    const until = (run.diverged ?? steps) + 1;
    const { condition } = scene.settings;
    const levels = [
      { value: 2 / condition, label: "2/λₘₐₓ", shift: -0.4 },
      { value: 1 / condition, label: "1/λₘₐₓ", shift: 0.4 },
    ];
    const series = (values) => [{ method, values: values.slice(0, until), framed: values.slice(0, until) }];
    drawPanel(alpha, { title: "learning rate α", series: series(run.alpha), levels, unstable: 2 / condition, time: t, steps });
    drawPanel(loss, { title: "loss / first loss", series: series(ratios(run)), time: t, steps });
  }

  const ratios = ({ loss: values }) => values.map((value) => value / values[0]);
  const fate = (ran, t) => (ran.diverged !== null && t >= ran.diverged ? `diverged at t = ${ran.diverged}` : `loss / first ${short(ran.loss[t] / ran.loss[0])}`);

  const limited = (value, { low, high }) => threeDigits(Math.min(Math.max(value, low), high));
  function open(alpha0, condition, done = false) {
    parts.hint.classList.add("tlr-gone");
    scene.change({ alpha0: limited(alpha0, alphas), condition: limited(condition, conditions) }, done);
  }

  const there = (x, y) => [basin.axes.x.back(x), basin.axes.y.back(y)];
  const press = (x, y) => open(...there(x, y));
  onPointer(basin.canvas, {
    press,
    drag: press,
    release: scene.save,
    hover: (x, y) => {
      const [alpha0, condition] = there(x, y);
      if (alpha0 < alphas.low || alpha0 > alphas.high || condition < conditions.low || condition > conditions.high) return parts.tip.hide();
      const read = [`α₀ ${short(alpha0)}, κ ${short(condition)}`, fate(descentFrom(alpha0, condition), Math.floor(scene.time))];
      return parts.tip.show(basin.canvas, x, y, read);
    },
    leave: parts.tip.hide,
  });
  timePanels(scene, parts, ["alpha", "loss"], (t) => [`α ${short(run.alpha[t])}`, fate(run, t)]);

  function key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.target !== basin.canvas || !by) return undefined;
    const [right, up] = by.map((sign) => NUDGE ** (sign * (event.shiftKey ? 5 : 1)));
    const { alpha0, condition } = scene.settings;
    return () => open(alpha0 * right, condition * up, true);
  }

  return scene.run({ compute, draw, key });
}

export default { render };
