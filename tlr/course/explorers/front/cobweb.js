// One dimension: the map from one x = αλ to the next, with the cobweb of each rule, x and the loss over the steps.

import { descend, quadratic, ratios, relativeRateMap } from "./descent.js";
import { dragFirst, drawMap, web } from "./maps.js";
import { drawLine, drawPanel, marker, ring, short, within } from "./picture.js";
import { ghosts, stage, tell, timePanels } from "./stage.js";

const REACHES = [1.6, 3.2, 6.4, 12.8, 25.6];

function render({ model, el }) {
  const { methods, steps } = model.get("scene");
  const scene = stage({ model, el }, {
    name: "cobweb",
    methods,
    steps,
    others: ["rules"],
    perSecond: 9,
    fields: { map: "The map from one αλ to the next. Left and right arrow keys move the first one." },
    panels: { x: "αλ under each rule over the steps", loss: "The loss under each rule over the steps" },
    hint: "Drag to move x₀",
    about: "Drag on the map to move x₀, and on a panel to move the time.",
    keys: "left and right arrows on the map, 1 to 3 hide a rule",
  });
  const { map, x: rates, loss } = scene.surfaces;
  const line1 = quadratic({ condition: 1, rotation: 0 });
  let races = [];

  function compute({ x0, c, rules }) {
    const run = (rule) => descend(rule, line1, { start: [1, 0], alpha0: x0, c }, steps);
    races = methods.filter(({ rule }) => rules.includes(rule)).map((method) => ({ method, run: run(method.rule) }));
  }

  function draw() {
    const { x0, c } = scene.settings;
    const { t } = scene;
    const largest = Math.max(1.5, x0, ...races.flatMap(({ run }) => run.alpha.filter(Number.isFinite)));
    const reach = REACHES.find((size) => size >= largest) ?? REACHES.at(-1);
    drawMap(map, [0, reach], races.map(({ method }) => method), c, [0.75, 1.25]);
    const { x, y } = map.axes;
    within(map, () => {
      for (const { method, run } of [...(scene.pinned ?? []), ...races]) drawLine(map, method, web(run.alpha.slice(1, Math.max(2, t + 1))), 0.09);
    });
    for (const { method, run } of races) {
      const at = run.alpha[t];
      marker(map, method, x(at), y(at), 0.4);
    }
    ring(map, x(x0), y(x0), 0.6);
    const series = (values, of = races) => of.map(({ method, run }) => ({ method, values: values(run) }));
    const both = (values) => ({ series: series(values), ghosts: series(values, scene.pinned ?? []) });
    drawPanel(rates, scene, { title: "x = αλ", ...both(({ alpha }) => alpha) });
    drawPanel(loss, scene, { title: "loss / first loss", ...both(ratios) });
    tell(scene, races, ({ alpha }) => `x = ${short(alpha[t])}`);
    scene.say([`t = ${t}`, ...read(t)].join(". "));
  }

  const read = (t) => races.map(({ method, run }) => `${method.label}: x ${short(run.alpha[t])}, loss ${short(ratios(run)[t])}`);

  const key = dragFirst(scene, map, (at) =>
    races.map(({ method }) => `${method.label}: → ${short(relativeRateMap(at, method.rule, scene.settings.c))}`),
  );
  timePanels(scene, ["x", "loss"], read);
  return scene.run({ compute, draw, pin: () => ghosts(races), key });
}

export default { render };
