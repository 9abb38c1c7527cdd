// One dimension in the long run: the map of αλ in its band, where αλ spends its time, and the mean fall of the loss.

import { relativeRateMap, spread } from "./descent.js";
import { longRun, orbit } from "./longrun.js";
import { dragFirst, drawMap, web } from "./maps.js";
import { clamp } from "./numbers.js";
import { drawAxes, drawLine, fill, line, marker, short, within } from "./picture.js";
import { stage, timePanels } from "./stage.js";

const BINS = 40;
const WEB = 60;
const PLACES = 800;

function render({ model, el }) {
  const { methods, steps } = model.get("scene");
  const [method] = methods;
  const proved = { color: "#000000", dash: [5, 2] };
  const compared = ["below 1", "loss in an update"].map((label) => ({ ...proved, label: `${label}: the run, the theorem` }));
  const scene = stage({ model, el }, {
    name: "returns",
    methods: [method, ...compared],
    steps,
    first: 1,
    clockName: "updates",
    perSecond: 200,
    fields: { map: "The map from one αλ to the next. Left and right arrow keys move the first one." },
    panels: {
      share: "How often αλ is where, beside its limit",
      fall: "The mean factor of the loss in an update, beside its limit",
    },
    about: "Drag on the map to move x₀. Dashed: the limit for almost every run.",
    keys: "left and right arrows on the map",
  });
  const { map, share, fall } = scene.surfaces;
  let [x, law, means, of] = [[], null, [], null];

  function compute({ x0, c }) {
    if (c !== of) law = longRun(c);
    of = c;
    x = orbit(x0, steps, c);
    let sum = 0;
    means = x.slice(0, -1).map((each, t) => Math.exp((sum += Math.log((1 - each) ** 2)) / (t + 1)));
  }

  function draw() {
    const { c } = scene.settings;
    const updates = scene.t;
    const seen = x.slice(0, updates + 1);
    drawMap(map, [0.7, 1.05 + c], [method], c);
    within(map, () => {
      if (scene.pinned) drawLine(map, { ...method, ghost: true }, web(scene.pinned.x.slice(0, updates + 1).slice(-WEB)), 0.06);
      drawLine(map, method, web(seen.slice(-WEB)), 0.06);
      marker(map, method, map.axes.x(seen.at(-1)), map.axes.y(seen.at(-1)), 0.4);
    });
    drawShare(seen, c);
    drawFall(updates);
    const below = seen.filter((each) => each < 1).length / seen.length;
    const percent = (value) => `${(100 * value).toFixed(1)} %`;
    const said = [`x = ${short(seen.at(-1))}`, `${percent(below)}, ${percent(law.below)}`, `× ${short(means[updates - 1])}, × ${short(Math.exp(law.logLoss))}`];
    said.forEach((text, i) => scene.parts.legend[i].say(text));
    scene.say(`After ${updates} updates: below 1 in ${said[1]}; the loss ${said[2]}.`);
  }

  function drawShare(seen, c) {
    const inside = seen.filter((each) => each >= 0.75 && each <= 1 + c);
    const width = (0.25 + c) / BINS;
    const counts = Array(BINS).fill(0);
    for (const each of inside) counts[Math.min(Math.floor((each - 0.75) / width), BINS - 1)] += 1;
    const places = spread(0.75, 1 + c, PLACES);
    const density = places.map(law.density);
    share.begin();
    drawAxes(share, {
      title: "how often αλ is there",
      x: { low: 0.75, high: 1 + c },
      y: { low: 0, high: 1.5 * Math.max(...density) },
    });
    const { x: across, y: up } = share.axes;
    within(share, () => {
      counts.forEach((count, i) => {
        const [left, top] = [0.75 + i * width, count / Math.max(inside.length, 1) / width];
        fill(share, share.look.low, across(left), up(top), across(left + width), up(0));
      });
      drawLine(share, proved, places.map((each, i) => [each, density[i]]), 0.09);
    });
  }

  function drawFall(updates) {
    fall.begin();
    drawAxes(fall, {
      title: "mean factor of the loss in an update",
      x: { low: 1, high: steps, log: true, label: "updates" },
      y: { low: 1e-5, high: 1e3, log: true },
    });
    within(fall, () => {
      const limit = Math.exp(law.logLoss);
      drawLine(fall, { color: fall.look.gray, dash: [] }, [[1, 1], [steps, 1]], 0.06);
      drawLine(fall, proved, [[1, limit], [steps, limit]], 0.09);
      line(fall, fall.look.gray, [fall.axes.x(updates), fall.axes.box.top], [fall.axes.x(updates), fall.axes.box.bottom]);
      const mean = (values) => values.slice(0, updates).map((value, i) => [i + 1, clamp(value, 1e-8, 1e8)]);
      if (scene.pinned) drawLine(fall, { ...method, ghost: true }, mean(scene.pinned.means), 0.09);
      drawLine(fall, method, mean(means), 0.15);
    });
  }

  const key = dragFirst(scene, map, (at) => [`→ ${short(relativeRateMap(at, "published", scene.settings.c))}`]);
  timePanels(scene, ["fall"], (t) => [`loss in an update × ${short(means[Math.max(t, 1) - 1])}`]);
  return scene.run({ compute, draw, pin: () => ({ x, means }), key });
}

export default { render };
