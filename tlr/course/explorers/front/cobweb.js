// One dimension: the map from one x = αλ to the next, with the cobweb of each rule, x and the loss over the steps.

import { descend, quadratic, ratios, relativeRateMap } from "./descent.js";
import { build } from "./elements.js";
import { dragFirst, drawMapGround, mapPoints, web } from "./maps.js";
import { drawAxes, drawLine, drawPanel, marker, ring, short, within } from "./picture.js";
import { ghosts, ruleToggles, stage, timePanels } from "./stage.js";

const REACHES = [1.6, 3.2, 6.4, 12.8, 25.6];
const LABEL = "The map from one αλ to the next. Left and right arrow keys move the first one.";
const ABOUT = "Drag on the map to move x₀, and on a panel to move the time.";
const KEYS = "left and right arrows on the map, 1 to 3 hide a rule";

function render({ model, el }) {
  const { controls, methods, steps } = model.get("scene");
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
    about: ABOUT,
    keys: KEYS,
  });
  const scene = stage({ model, el }, { others: ["rules"], parts, steps, perSecond: 9 });
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
      for (const { method, run } of [...(scene.pinned ?? []), ...races]) drawLine(map, method, web(run.alpha.slice(1, Math.max(2, Math.floor(time) + 1))), 0.09);
    });
    for (const { method, run } of races) {
      const at = run.alpha[Math.floor(time)];
      marker(map, method, x(at), y(at), map.unit * 0.4);
    }
    ring(map, x(x0), y(x0), map.unit * 0.6);
    const series = (values, of = races) => of.map(({ method, run }) => ({ method, values: values(run) }));
    const both = (values) => ({ series: series(values), ghosts: series(values, scene.pinned ?? []), time, steps });
    drawPanel(rates, { title: "x = αλ", ...both(({ alpha }) => alpha) });
    drawPanel(loss, { title: "loss / first loss", ...both(ratios) });
    methods.forEach(({ rule }, i) => {
      parts.legend[i].made.setAttribute("aria-pressed", String(rules.includes(rule)));
      const race = races.find(({ method }) => method.rule === rule);
      parts.legend[i].say(race ? `x = ${short(race.run.alpha[Math.floor(time)])}` : "");
    });
    if (!scene.playing) scene.say([`t = ${Math.floor(time)}`, ...read(Math.floor(time))].join(". "));
  }

  const read = (t) => races.map(({ method, run }) => `${method.label}: x ${short(run.alpha[t])}, loss ${short(run.loss[t] / run.loss[0])}`);

  const key = dragFirst(scene, parts, map, (at) =>
    races.map(({ method }) => `${method.label}: → ${short(relativeRateMap(at, method.rule, scene.settings.c))}`),
  );
  timePanels(scene, parts, ["x", "loss"], read);
  return scene.run({ compute, draw, pin: () => ghosts(races), key, shortcuts: ruleToggles(scene, parts) });
}

export default { render };
