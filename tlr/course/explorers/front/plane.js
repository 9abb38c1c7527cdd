// Rules side by side in the plane: their paths from wherever the reader presses, α and the loss over the steps.

import { bestSteps, descend } from "./descent.js";
import { build } from "./elements.js";
import { HIGHEST, drawPanel, drawPlane, short, surface } from "./picture.js";
import { onPointer, stage, timePanels } from "./stage.js";

const NUDGE = 1 / 60;
const ASPECT = 3 / 2;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const LABEL = "The plane with the paths. Arrow keys move the start, Enter starts the race.";
const KEYS =
  "Keys: space plays and pauses, comma and period step, Home and End jump, arrows on the plane move the start, " +
  "Enter races from there, 1 to 6 hide a method, L enlarges, R resets. Drag in a panel to move the time. " +
  "Point at a method to see the exact line search's steps along its path, as a thin line beside α.";

// The view, with more at two sides, in the proportions of the canvas: angles are seen as they are.
function whole(view) {
  const [x, y] = view.map(([low, high]) => ({ middle: (low + high) / 2, half: (high - low) / 2 }));
  const half = Math.max(x.half / ASPECT, y.half);
  return [
    [x.middle - ASPECT * half, x.middle + ASPECT * half],
    [y.middle - half, y.middle + half],
  ];
}

// What became of a run by the time t; the loss is that above the floor.
function fateOf(run, time, floor) {
  const t = Math.floor(time);
  if (run.diverged !== null && t >= run.diverged) return `diverged at t = ${run.diverged}`;
  return `loss ${short(run.loss[t] - floor)}${run.alpha[t] < 0 ? ", α < 0" : ""}`;
}

function reading({ method, run }, t, floor) {
  const gone = run.diverged !== null && t >= run.diverged;
  return `${method.label}: ${gone ? "diverged" : `α ${short(run.alpha[t])}, loss ${short(run.loss[t] - floor)}`}`;
}

// `functionOf(settings)` says what to descend on: { toy, start, view, minima, floor, edge, key, paint, best }. `view` is
// the part of the plane that is seen; `floor` the loss at the minimum, null where it is not known; `edge` the α above
// which a fixed one cannot converge, null where there is none; `best` whether the line search's steps can be told;
// paint(ground, view) draws the ground, and again when `key` changes. `adapt(parts, settings)` suits the controls to it.
export function planeExplorer({ model, el }, { name, steps, functionOf, adapt = () => {} }) {
  const { controls, methods } = model.get("scene");
  const parts = build({
    name,
    controls,
    methods,
    steps,
    fields: { plane: { label: LABEL, keys: true } },
    panels: {
      alpha: { label: "The learning rate of each method over the steps" },
      loss: { label: "The loss of each method over the steps" },
    },
    hint: "Press anywhere to start there",
    keys: KEYS,
  });
  const names = [...controls.map((control) => control.name), "start", "rules", "step"];
  const scene = stage({ model, el }, { names, parts, steps });
  const { plane, alpha, loss } = scene.surfaces;
  const ground = surface(document.createElement("canvas"));
  let [shown, races, floor, groundOf, pointed] = [null, [], 0, "", null];

  function compute(settings) {
    shown = functionOf(settings);
    shown.view = whole(shown.view);
    const from = { ...settings, start: shown.start };
    const chosen = methods.filter(({ rule }) => settings.rules.includes(rule));
    races = chosen.map((method) => ({ method, run: descend(method.rule, shown.toy, from, steps) }));
    floor = shown.floor ?? Math.min(...races.flatMap(({ run }) => run.loss), Infinity);
    methods.forEach(({ rule }, i) =>
      parts.legend[i].made.setAttribute("aria-pressed", String(settings.rules.includes(rule))),
    );
    adapt(parts, settings);
  }

  const share = (value, [low, high]) => (value - low) / (high - low);
  const place = ([x, y]) => [share(x, shown.view[0]) * plane.width, (1 - share(y, shown.view[1])) * plane.height];
  const point = (x, y) =>
    [x / plane.width, 1 - y / plane.height].map((part, i) => shown.view[i][0] + part * (shown.view[i][1] - shown.view[i][0]));

  function drawGround() {
    const key = [shown.key, plane.width, window.devicePixelRatio, ...Object.values(plane.look)].join();
    if (key === groundOf) return;
    Object.assign(ground, { width: plane.width, height: plane.height, look: { ...plane.look } });
    ground.begin();
    shown.paint(ground, shown.view);
    groundOf = key;
  }

  function drawPanels() {
    // Neither the α of a path that is lost nor that of one beyond all losses drawn says anything any more.
    const series = (values) =>
      races.map(({ method, run }) => ({
        method,
        values: values(run).slice(0, (run.diverged ?? steps) + 1),
        framed: values(run).filter((_, t) => run.loss[t] - floor <= HIGHEST),
      }));
    const { time } = scene;
    const { edge } = shown;
    const levels = edge
      ? [
          { value: edge, label: "2/λₘₐₓ", shift: -0.4 },
          { value: edge / 2, label: "1/λₘₐₓ", shift: 0.4 },
        ]
      : [];
    const race = races.find(({ method }) => method === pointed);
    const best = race && shown.best ? { method: pointed, values: bestSteps(shown.toy, race.run) } : null;
    const alphas = series((run) => run.alpha);
    drawPanel(alpha, { title: "learning rate α", series: alphas, levels, unstable: edge, best, time, steps });
    const title = shown.floor === null ? "loss above the lowest seen" : "loss above the minimum";
    drawPanel(loss, { title, series: series((run) => run.loss.map((value) => value - floor)), time, steps });
  }

  function draw() {
    const { time } = scene;
    plane.begin();
    drawGround();
    drawPlane(plane, ground, { races, start: shown.start, minima: shown.minima, place, time });
    drawPanels();
    methods.forEach(({ rule }, i) => {
      const race = races.find(({ method }) => method.rule === rule);
      parts.legend[i].say(race ? fateOf(race.run, time, floor) : "");
    });
    if (!scene.playing) scene.say(spoken());
  }

  function spoken() {
    const gone = races.filter(({ run }) => run.diverged !== null && run.diverged <= scene.time);
    const said = gone.length ? `Diverged: ${gone.map(({ method }) => method.label).join(", ")}.` : "None diverged.";
    return `t = ${Math.floor(scene.time)}. ${said}`;
  }

  function startAt(to) {
    parts.hint.classList.add("tlr-gone");
    const within = to.map((x, i) => Math.min(Math.max(x, shown.view[i][0]), shown.view[i][1]));
    scene.change({ start: within.map((x) => Number(x.toFixed(3))) });
  }

  function toggle(i) {
    const { rules } = scene.settings;
    const { rule } = methods[i];
    scene.change({ rules: rules.includes(rule) ? rules.filter((each) => each !== rule) : [...rules, rule] }, true);
  }

  function pointAt(method) {
    pointed = method;
    scene.schedule();
  }

  function key(event) {
    if (event.target !== plane.canvas) return undefined;
    if (event.key === "Enter") return scene.replay;
    if (!ARROWS[event.key]) return undefined;
    const length = NUDGE * (event.shiftKey ? 5 : 1) * (shown.view[1][1] - shown.view[1][0]);
    return () => startAt(shown.start.map((x, i) => x + length * ARROWS[event.key][i]));
  }

  // Dragging shows where everything would lead from there; letting go starts the race.
  const pressAt = (t) => (x, y) => {
    scene.goTo(t);
    startAt(point(x, y));
  };
  onPointer(plane.canvas, {
    press: pressAt(0),
    drag: pressAt(steps),
    release: () => {
      scene.save();
      scene.replay();
    },
    hover: (x, y) => {
      const w = point(x, y);
      const known = shown.floor === null ? 0 : floor;
      const lines = [`w = (${w.map(short).join(", ")})`, `loss ${short(shown.toy.value(w) - known)}`];
      parts.tip.show(plane.canvas, x, y, lines);
    },
    leave: parts.tip.hide,
  });
  timePanels(scene, parts, ["alpha", "loss"], (t) => races.map((race) => reading(race, t, floor)));
  parts.legend.forEach(({ made }, i) => {
    made.addEventListener("click", () => toggle(i));
    for (const kind of ["pointerenter", "focus"]) made.addEventListener(kind, () => pointAt(methods[i]));
    for (const kind of ["pointerleave", "blur"]) made.addEventListener(kind, () => pointAt(null));
  });
  const shortcuts = Object.fromEntries(methods.map((_, i) => [String(i + 1), () => toggle(i)]));
  return scene.run({ compute, draw, key, shortcuts });
}
