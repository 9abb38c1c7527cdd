// The final loss for every α₀ and condition number, under one rule: a map that grows finer while one looks at it.

import { LISTENERS } from "./controls.js";
import { decadesFallen, descend, inItsAxes, lost, ratios } from "./descent.js";
import { channels, drawAxes, drawLine, drawPanel, edges, fill, ring, short, within, write } from "./picture.js";
import { onPointer, stage, tell, timePanels } from "./stage.js";

const [ACROSS, UP] = [96, 64];
// The map is first seen in cells of so many.
const COARSE = 4;
// Milliseconds of a frame that descents may take.
const SLICE = 7;
const UNKNOWN = [0, 0, 0, 0];
const LEAST = -12;
const BAR = [-12, -8, -4, 0];
const NUDGE = 1.1;

// The cells, coarse ones first: each with its column and row, and how many it stands for until those come.
function cellsInOrder() {
  const found = [];
  for (let size = COARSE; size >= 1; size /= 2)
    for (let row = 0; row < UP; row += size)
      for (let column = 0; column < ACROSS; column += size)
        if (size === COARSE || row % (2 * size) || column % (2 * size)) found.push({ column, row, size });
  return found;
}

// The map's values: log10 of loss / first loss at every step, for more cells at every `advance`.
function mapOf(losses, steps) {
  const [order, values] = [cellsInOrder(), new Float32Array(ACROSS * UP * (steps + 1))];
  const known = new Int32Array(ACROSS * UP).fill(-1);
  let done = 0;
  return {
    whole: () => done === order.length,
    // Until the time is up, or the map is whole.
    advance(until) {
      for (; done < order.length && performance.now() < until; done++) {
        const { column, row, size } = order[done];
        const cell = row * ACROSS + column;
        losses((column + 0.5) / ACROSS, (row + 0.5) / UP, values, cell * (steps + 1));
        for (let i = 0; i < size; i++) known.fill(cell, cell + i * ACROSS, cell + i * ACROSS + size);
      }
    },
    // At a cell, or what stands for it; NaN where nothing does yet.
    value: (cell, t) => (known[cell] < 0 ? NaN : values[known[cell] * (steps + 1) + t]),
  };
}

function render({ model, el }) {
  const { controls, methods, powers, shades, steps } = model.get("scene");
  const [alphas, conditions] = ["alpha0", "condition"].map((name) => controls.find((each) => each.name === name));
  const scene = stage({ model, el }, {
    name: "basins",
    methods,
    steps,
    clockName: "steps",
    perSecond: 40,
    fields: { basin: "A map of the final loss: the first learning rate to the right, the condition number upwards. Arrow keys move the run that is opened." },
    panels: { alpha: "The learning rate of the opened run over the steps", loss: "The loss of the opened run over the steps" },
    hint: "Drag to open a run",
    about: "Drag on the map to open the run from there, and on a panel to see the map after so many steps; point at the map to read it. Dashed: α₀ = 2/κ.",
    keys: "arrows on the map",
  });
  const { basin, alpha, loss } = scene.surfaces;
  const last = shades.length - 1;
  const opaque = (color) => [...channels(color), 255];
  const tints = shades.map(opaque);
  const image = new ImageData(ACROSS, UP);
  const scratch = new OffscreenCanvas(ACROSS, UP);
  let [cells, of, method, run] = [null, "", methods[0], null];

  const along = ({ low, high }, share) => low * (high / low) ** share;
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
    const losses = (x, y, found, at) => {
      const { toy, start } = functionAt(along(conditions, y));
      decadesFallen(rule, toy, { ...settings, start, alpha0: along(alphas, x) }, steps, found, at);
    };
    if (key !== of) cells = mapOf(losses, steps);
    of = key;
    method = methods.find((each) => each.rule === rule);
    run = descentFrom(alpha0, condition);
    for (const { name, row } of scene.parts.controls) if (LISTENERS[name]) row.hidden = !heard.includes(name);
  }

  function paint(t) {
    const rose = opaque(basin.look.edge);
    for (let cell = 0; cell < ACROSS * UP; cell++) {
      const value = cells.value(cell, t);
      const tint = value > 0 ? rose : tints[Math.floor(Math.max(1 - value / LEAST, 0) * last)];
      image.data.set(tint ?? UNKNOWN, 4 * ((UP - 1 - Math.floor(cell / ACROSS)) * ACROSS + (cell % ACROSS)));
    }
    scratch.getContext("2d").putImageData(image, 0, 0);
  }

  function draw() {
    const { t, settings: { alpha0, condition } } = scene;
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
    if (scene.pinned) {
      const [across, up] = scene.pinned.place;
      ring(basin, x(across), y(up), 0.5, look.gray);
    }
    ring(basin, x(alpha0), y(condition), 0.62, "#000000");
    ring(basin, x(alpha0), y(condition), 0.5, "#ffffff");
    drawPanels();
    tell(scene, [{ method, run }], (ran) => fate(ran, t));
    scene.say(`α₀ ${short(alpha0)}, condition number ${short(condition)}, ${t} steps: ${fate(run, t)}.`);
  }

  function drawBar({ right, top, bottom }) {
    const { unit, look } = basin;
    const [left, wide, gap] = [right + 0.7 * unit, 0.8 * unit, 1.3 * unit];
    const [from, to] = [bottom, top + gap];
    shades.forEach((color, i) => {
      const high = (from - to) / shades.length;
      fill(basin, color, left, from - (i + 1) * high, left + wide, from - i * high + 1);
    });
    fill(basin, look.edge, left, top, left + wide, top + unit);
    write(basin, "loss / first", left, top - 0.8 * unit);
    write(basin, "rose", left + wide + 0.35 * unit, top + unit / 2);
    for (const exponent of BAR) {
      const label = short(10 ** exponent);
      write(basin, label, left + wide + 0.35 * unit, from - (1 - exponent / LEAST) * (from - to));
    }
  }

  function drawPanels() {
    const until = (run.diverged ?? steps) + 1;
    const edge = 2 / scene.settings.condition;
    const one = (drawn, values) => [{ method: drawn, values }];
    const both = (values) => ({
      series: one(method, values(run).slice(0, until)),
      ghosts: scene.pinned ? one(scene.pinned.method, values(scene.pinned.run)) : [],
    });
    drawPanel(alpha, scene, { title: "learning rate α", ...both((each) => each.alpha), levels: edges(edge), unstable: edge });
    drawPanel(loss, scene, { title: "loss / first loss", ...both(ratios) });
  }

  const fate = (ran, t) => (lost(ran, t) ? `diverged at t = ${ran.diverged}` : `loss / first ${short(ratios(ran)[t])}`);

  function there(x, y) {
    const { axes } = basin;
    return { alpha0: axes.x.back(x), condition: axes.y.back(y) };
  }

  onPointer(scene, basin, {
    press: (x, y) => scene.take(there(x, y)),
    read: (x, y) => {
      const { alpha0, condition } = there(x, y);
      const off = (value, { low, high }) => value < low || value > high;
      if (off(alpha0, alphas) || off(condition, conditions)) return null;
      return [`α₀ ${short(alpha0)}, κ ${short(condition)}`, fate(descentFrom(alpha0, condition), scene.t)];
    },
  });
  timePanels(scene, ["alpha", "loss"], (t) => [`α ${short(run.alpha[t])}`, fate(run, t)]);

  function key(right, up) {
    const { alpha0, condition } = scene.settings;
    return up !== undefined && (() => scene.take({ alpha0: alpha0 * NUDGE ** right, condition: condition * NUDGE ** up }, true));
  }

  const pin = () => ({ method: { ...method, ghost: true }, run, place: [scene.settings.alpha0, scene.settings.condition] });
  return scene.run({ compute, draw, pin, key });
}

export default { render };
