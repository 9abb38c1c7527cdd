// Rules side by side in the plane: their paths from wherever the reader presses, α and the loss over the steps.

import { bestSteps, descend, lost } from "./descent.js";
import { clamp } from "./numbers.js";
import { HIGHEST, drawBands, drawPanel, drawPlane, edges, short, surface } from "./picture.js";
import { ghosts, onPointer, stage, tell, timePanels } from "./stage.js";

const NUDGE = 1 / 60;
const ASPECT = 3 / 2;
// The size of the view when something is beyond it, how far that must be for all of the shrinking, how much of the room
// around the view the farthest takes, and what is farther than all that is drawn.
const [SHRUNK, ROOM, RIM, FARTHEST] = [0.62, 4, 0.87, 1e9];

const halved = (view) => view.map(([low, high]) => ({ middle: (low + high) / 2, half: (high - low) / 2 }));

// The view, with more at two sides, in the proportions of the canvas: angles are seen as they are.
function whole(view) {
  const [x, y] = halved(view);
  const half = Math.max(x.half / ASPECT, y.half);
  return [
    [x.middle - ASPECT * half, x.middle + ASPECT * half],
    [y.middle - half, y.middle + half],
  ];
}

// How far a point is from the middle of the view, in units of its edges.
const distance = (w, view) => Math.max(...halved(view).map(({ middle, half }, i) => Math.abs(w[i] - middle) / half));

// Where points lie on a picture of this size. When something has left the view it shrinks, and what is beyond, up to `far`
// times its size, surrounds it on a logarithmic scale: one sees a flight of a million, and the way back.
function lensOf(view, width, height, reached, held) {
  const shrunk = held ?? 1 - (1 - SHRUNK) * Math.min(1, Math.log(reached) / Math.log(ROOM));
  const far = Math.max(reached, ROOM);
  const room = RIM * (1 - shrunk);
  const at = (times) => (times <= 1 || !room ? shrunk * times : shrunk + room * (Math.log(times) / Math.log(far)));
  const back = (share) => (share <= shrunk || !room ? share / shrunk : far ** ((share - shrunk) / room));
  const [x, y] = halved(view);
  return {
    shrunk,
    far,
    at,
    place(w) {
      const times = distance(w, view);
      const by = times > 1 ? at(times) / times : shrunk;
      return [(width / 2) * (1 + (by * (w[0] - x.middle)) / x.half), (height / 2) * (1 - (by * (w[1] - y.middle)) / y.half)];
    },
    point(across, up) {
      const [u, v] = [(2 * across) / width - 1, 1 - (2 * up) / height];
      const share = Math.max(Math.abs(u), Math.abs(v));
      const by = share > 0 ? back(share) / share : 1;
      return [x.middle + by * u * x.half, y.middle + by * v * y.half];
    },
  };
}

// What became of a run by the time t; the loss is that above the floor.
function fateOf(run, t, floor) {
  if (lost(run, t)) return `diverged at t = ${run.diverged}`;
  return `loss ${short(run.loss[t] - floor)}${run.alpha[t] < 0 ? ", α < 0" : ""}`;
}

function reading({ method, run }, t, floor) {
  return `${method.label}: ${lost(run, t) ? "diverged" : `α ${short(run.alpha[t])}, loss ${short(run.loss[t] - floor)}`}`;
}

// What is said of a quadratic to descend on.
export const onQuadratic = (toy, from) => ({
  ...from,
  toy,
  floor: 0,
  edge: 2 / toy.condition,
  best: true,
  key: [from.view, toy.condition, toy.angle].join(),
  paint: (ground, view) => drawBands(ground, toy, view),
});

// `functionOf(settings)` says what to descend on: { toy, start, view, minima, floor, edge, key, paint, best }. `view` is
// the part of the plane that is seen; `floor` the loss at the minimum, null where it is not known; `edge` the α above
// which a fixed one cannot converge, null where there is none; `best` whether the line search's steps can be told;
// paint(ground, view) draws the ground, and again when `key` changes. `adapt(parts, settings)` suits the controls to it.
export function planeExplorer({ model, el }, { name, steps, functionOf, adapt = () => {} }) {
  const { methods } = model.get("scene");
  const scene = stage({ model, el }, {
    name,
    methods,
    steps,
    others: ["start", "rules"],
    opens: true,
    fields: { plane: "The plane with the paths. Arrow keys move the start, Enter starts the race." },
    panels: {
      alpha: "The learning rate of each method over the steps",
      loss: "The loss of each method over the steps",
    },
    hint: "Press anywhere to start there",
    about: "Drag in a panel to move the time. Point at a method to see the exact line search's steps along its path, as a thin line beside α.",
    keys: "arrows on the plane move the start, Enter races from there, 1 to 6 hide a method",
  });
  const { parts } = scene;
  const { plane, alpha, loss } = scene.surfaces;
  const ground = surface(document.createElement("canvas"));
  let [shown, races, floor, groundOf, pointed, held] = [null, [], 0, "", null, null];

  function compute(settings) {
    shown = functionOf(settings);
    shown.view = whole(shown.view);
    const from = { ...settings, start: shown.start };
    const chosen = methods.filter(({ rule }) => settings.rules.includes(rule));
    races = chosen.map((method) => ({ method, run: descend(method.rule, shown.toy, from, steps) }));
    for (const race of races) {
      let most = 1;
      race.reached = race.run.w.map((w) => (most = clamp(distance(w, shown.view), most, FARTHEST)));
    }
    floor = shown.floor ?? Math.min(...races.flatMap(({ run }) => run.loss), Infinity);
    adapt(parts, settings);
  }

  // The farthest that any has been until now; between two steps, part of the way.
  function farthest() {
    const { t } = scene;
    const until = (reached) => reached[t] * ((reached[t + 1] ?? reached[t]) / reached[t]) ** (scene.time - t);
    return Math.max(1, ...races.map(({ reached }) => until(reached)));
  }

  const lens = () => lensOf(shown.view, plane.width, plane.height, farthest(), held);
  const point = (x, y) => lens().point(x, y);

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
    const series = (values, of = races) =>
      of.map(({ method, run }) => ({
        method,
        values: values(run).slice(0, (run.diverged ?? steps) + 1),
        framed: values(run).filter((_, t) => run.loss[t] - floor <= HIGHEST),
      }));
    const { edge } = shown;
    const levels = edge ? edges(edge) : [];
    const race = races.find(({ method }) => method === pointed);
    const best = race && shown.best ? { method: pointed, values: bestSteps(shown.toy, race.run) } : null;
    const alphas = series((run) => run.alpha);
    const kept = (values) => series(values, scene.pinned ?? []);
    drawPanel(alpha, scene, { title: "learning rate α", series: alphas, ghosts: kept((run) => run.alpha), levels, unstable: edge, best });
    const title = shown.floor === null ? "loss above the lowest seen" : "loss above the minimum";
    const above = (run) => run.loss.map((value) => value - floor);
    drawPanel(loss, scene, { title, series: series(above), ghosts: kept(above) });
  }

  function draw() {
    const { time } = scene;
    plane.begin();
    drawGround();
    drawPlane(plane, ground, { races, ghosts: scene.pinned ?? [], start: shown.start, minima: shown.minima, lens: lens(), time });
    drawPanels();
    tell(scene, races, (run) => fateOf(run, scene.t, floor));
    scene.say(spoken());
  }

  function spoken() {
    const gone = races.filter(({ run }) => lost(run, scene.time));
    const said = gone.length ? `Diverged: ${gone.map(({ method }) => method.label).join(", ")}.` : "None diverged.";
    return `t = ${scene.t}. ${said}`;
  }

  function startAt(to) {
    const within = to.map((x, i) => clamp(x, ...shown.view[i]));
    scene.change({ start: within.map((x) => Number(x.toFixed(3))) });
  }

  function pointAt(method) {
    pointed = method;
    scene.schedule();
  }

  function key(right, up, pressed) {
    if (pressed === "Enter") return scene.replay;
    const length = NUDGE * (shown.view[1][1] - shown.view[1][0]);
    return up !== undefined && (() => startAt([shown.start[0] + length * right, shown.start[1] + length * up]));
  }

  // Dragging shows where everything would lead from there, on a view that rests meanwhile; letting go starts the race.
  const pressAt = (t) => (x, y) => {
    held ??= lens().shrunk;
    const w = point(x, y);
    scene.goTo(t);
    startAt(w);
  };
  onPointer(scene, plane, {
    press: pressAt(0),
    drag: pressAt(steps),
    release: () => {
      held = null;
      scene.save();
      scene.replay();
    },
    read: (x, y) => {
      const w = point(x, y);
      const known = shown.floor === null ? 0 : floor;
      return [`w = (${w.map(short).join(", ")})`, `loss ${short(shown.toy.value(w) - known)}`];
    },
  });
  timePanels(scene, ["alpha", "loss"], (t) => races.map((race) => reading(race, t, floor)));
  parts.legend.forEach(({ made }, i) => {
    for (const kind of ["pointerenter", "focus"]) made.addEventListener(kind, () => pointAt(methods[i]));
    for (const kind of ["pointerleave", "blur"]) made.addEventListener(kind, () => pointAt(null));
  });
  return scene.run({ compute, draw, pin: () => ghosts(races), key });
}
