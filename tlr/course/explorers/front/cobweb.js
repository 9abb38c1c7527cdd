// One dimension: the map from one x = αλ to the next, with the cobweb of each rule, x and the loss over the steps.

import { threeDigits } from "./controls.js";
import { descend, quadratic, relativeRateMap } from "./descent.js";
import { build } from "./elements.js";
import { drawMapGround, mapPoints, web } from "./maps.js";
import { drawAxes, drawLine, drawPanel, marker, ring, short, within } from "./picture.js";
import { onPointer, stage, timePanels } from "./stage.js";

const REACHES = [1.6, 3.2, 6.4, 12.8, 25.6];
const LABEL = "The map from one αλ to the next. Left and right arrow keys move the first one.";
const KEYS =
  "Drag on the map to move x₀, and on a panel to move the time. Keys: left and right arrows on the map, space plays and pauses, " +
  "comma and period step, Home and End jump, 1 to 3 hide a rule, L enlarges, R resets.";

function render({ model, el }) {
  const { controls, methods, steps } = model.get("scene");
  const limits = controls.find(({ name }) => name === "x0");
  const parts = build({
    name: "cobweb",
    controls,
    methods,
    steps,
    fields: { map: { label: LABEL, keys: true } },
    panels: {
      x: { label: "αλ under each rule over the steps" },
      loss: { label: "The loss under each rule over the steps" },
    },
    hint: "Drag to move x₀",
    keys: KEYS,
  });
  const names = [...controls.map(({ name }) => name), "rules", "step"];
  const scene = stage({ model, el }, { names, parts, steps, perSecond: 9 });
  const { map, x: rates, loss } = scene.surfaces;
  const line1 = quadratic({ condition: 1, rotation: 0 });
  let races = [];

  function compute({ x0, c, rules }) {
    const run = (rule) => descend(rule, line1, { start: [1, 0], alpha0: x0, c }, steps);
    races = methods.filter(({ rule }) => rules.includes(rule)).map((method) => ({ method, run: run(method.rule) }));
  }

  function draw() {
    const { x0, c, rules } = scene.settings;
    const { time } = scene;
    const largest = Math.max(1.5, x0, ...races.flatMap(({ run }) => run.alpha.filter(Number.isFinite)));
    const reach = REACHES.find((size) => size >= largest) ?? REACHES.at(-1);
    map.begin();
    drawAxes(map, {
      title: "from one αλ to the next",
      x: { low: 0, high: reach, label: "xₜ" },
      y: { low: 0, high: reach, label: "xₜ₊₁" },
      sides: { top: 2.6 },
    });
    drawMapGround(map, [0, reach], [0.75, 1.25]);
    const { x, y } = map.axes;
    within(map, () => {
      map.context.globalAlpha = 0.45;
      for (const { method } of races)
        for (const points of mapPoints(reach)) drawLine(map, method, points.map((each) => [each, relativeRateMap(each, method.rule, c)]), 0.26);
      map.context.globalAlpha = 1;
      for (const { method, run } of races) drawLine(map, method, web(run.alpha.slice(1, Math.max(2, Math.floor(time) + 1))), 0.09);
    });
    for (const { method, run } of races) {
      const at = run.alpha[Math.floor(time)];
      marker(map, method, x(at), y(at), map.unit * 0.4);
    }
    ring(map, x(x0), y(x0), map.unit * 0.6);
    const series = (values) => races.map(({ method, run }) => ({ method, values: values(run), framed: values(run) }));
    drawPanel(rates, { title: "x = αλ", series: series(({ alpha }) => alpha), time, steps });
    drawPanel(loss, { title: "loss / first loss", series: series(ratios), time, steps });
    methods.forEach(({ rule }, i) => {
      parts.legend[i].made.setAttribute("aria-pressed", String(rules.includes(rule)));
      const race = races.find(({ method }) => method.rule === rule);
      parts.legend[i].say(race ? `x = ${short(race.run.alpha[Math.floor(time)])}` : "");
    });
    if (!scene.playing) scene.say([`t = ${Math.floor(time)}`, ...read(Math.floor(time))].join(". "));
  }

  const ratios = ({ loss: values }) => values.map((value) => value / values[0]);
  const read = (t) => races.map(({ method, run }) => `${method.label}: x ${short(run.alpha[t])}, loss ${short(run.loss[t] / run.loss[0])}`);

  function toggle(i) {
    const { rules } = scene.settings;
    const { rule } = methods[i];
    scene.change({ rules: rules.includes(rule) ? rules.filter((each) => each !== rule) : [...rules, rule] }, true);
  }

  function take(x0, done = false) {
    parts.hint.classList.add("tlr-gone");
    scene.change({ x0: Math.min(Math.max(threeDigits(x0), limits.low), limits.high) }, done);
  }

  function key(event) {
    const factor = { ArrowLeft: 1 / 1.05, ArrowRight: 1.05 }[event.key];
    if (event.target !== map.canvas || !factor) return undefined;
    return () => take(scene.settings.x0 * factor ** (event.shiftKey ? 5 : 1), true);
  }

  const moveTo = (place) => take(Math.max(map.axes.x.back(place), limits.low));
  onPointer(map.canvas, {
    press: moveTo,
    drag: moveTo,
    release: scene.save,
    hover: (place, y) => {
      const at = Math.max(map.axes.x.back(place), 1e-3);
      const lines = races.map(({ method }) => `${method.label}: → ${short(relativeRateMap(at, method.rule, scene.settings.c))}`);
      parts.tip.show(map.canvas, place, y, [`x ${short(at)}`, ...lines]);
    },
    leave: parts.tip.hide,
  });
  timePanels(scene, parts, ["x", "loss"], read);
  parts.legend.forEach(({ made }, i) => made.addEventListener("click", () => toggle(i)));
  const shortcuts = Object.fromEntries(methods.map((_, i) => [String(i + 1), () => toggle(i)]));
  return scene.run({ compute, draw, key, shortcuts });
}

export default { render };
