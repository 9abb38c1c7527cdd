// One dimension in the long run: the map of αλ in its band, where αλ spends its time, and the mean fall of the loss.

import { relativeRateMap, spread } from "./descent.js";
import { build } from "./elements.js";
import { longRun, orbit } from "./longrun.js";
import { dragFirst, drawMapGround, mapPoints, web } from "./maps.js";
import { drawAxes, drawLine, line, marker, short, within } from "./picture.js";
import { stage, timePanels } from "./stage.js";

const BINS = 40;
const WEB = 60;
const EDGE = 0.05;
const PLACES = 800;
const LABEL = "The map from one αλ to the next, with the last steps of the run. Left and right arrow keys move the first one.";
const ABOUT = "Drag on the map to move x₀. Dashed: what theorem 1 says of almost every run.";
const KEYS = "left and right arrows on the map";

function render({ model, el }) {
  const { controls, methods, steps } = model.get("scene");
  const [method] = methods;
  const parts = build({
    name: "returns",
    controls,
    methods: [method, { label: "below 1: the run, the theorem", color: "#000000", dash: [5, 2] }, { label: "loss in an update: the run, the theorem", color: "#000000", dash: [5, 2] }],
    steps,
    first: 1,
    unit: "updates",
    hides: false,
    fields: { map: { label: LABEL, keys: true } },
    panels: {
      share: { label: "How often αλ is where, beside the density that is proved" },
      fall: { label: "The mean factor of the loss in an update, beside its proved limit" },
    },
    about: ABOUT,
    keys: KEYS,
  });
  const scene = stage({ model, el }, { parts, steps, clockName: "updates", perSecond: 200 });
  const { map, share, fall } = scene.surfaces;
  const proved = { color: "#000000", dash: [5, 2] };
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
    const updates = Math.floor(scene.time);
    const seen = x.slice(0, updates + 1);
    const [low, high] = [0.75 - EDGE, 1 + c + EDGE];
    map.begin();
    const side = { low, high };
    drawAxes(map, { title: "from one αλ to the next", x: { ...side, label: "xₜ" }, y: { ...side, label: "xₜ₊₁" }, sides: { top: 2.6 } });
    drawMapGround(map, [low, high]);
    within(map, () => {
      map.context.globalAlpha = 0.45;
      for (const points of mapPoints(high, low)) drawLine(map, method, points.map((each) => [each, relativeRateMap(each, "published", c)]), 0.26);
      map.context.globalAlpha = 1;
      if (scene.pinned) drawLine(map, { ...method, ghost: true }, web(scene.pinned.x.slice(0, updates + 1).slice(-WEB)), 0.06);
      drawLine(map, method, web(seen.slice(-WEB)), 0.06);
      marker(map, method, map.axes.x(seen.at(-1)), map.axes.y(seen.at(-1)), map.unit * 0.4);
    });
    drawShare(seen, c);
    drawFall(updates);
    const below = seen.filter((each) => each < 1).length / seen.length;
    const percent = (value) => `${(100 * value).toFixed(1)} %`;
    const said = [`x = ${short(seen.at(-1))}`, `${percent(below)}, ${percent(law.below)}`, `× ${short(means[updates - 1])}, × ${short(Math.exp(law.logLoss))}`];
    said.forEach((text, i) => parts.legend[i].say(text));
    if (!scene.playing) scene.say(`After ${updates} updates: below 1 in ${said[1]}; the loss ${said[2]}.`);
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
      share.context.fillStyle = share.look.low;
      counts.forEach((count, i) => {
        const height = up(0) - up(count / Math.max(inside.length, 1) / width);
        share.context.fillRect(across(0.75 + i * width), up(0) - height, across(width) - across(0), height);
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
      drawLine(fall, proved, [[1, limit], [steps, limit]], 0.09);
      fall.context.strokeStyle = fall.look.gray;
      line(fall, [fall.axes.x(updates), fall.axes.box.top], [fall.axes.x(updates), fall.axes.box.bottom]);
      const mean = (values) => values.slice(0, updates).map((value, i) => [i + 1, Math.min(Math.max(value, 1e-8), 1e8)]);
      if (scene.pinned) drawLine(fall, { ...method, ghost: true }, mean(scene.pinned.means), 0.09);
      drawLine(fall, method, mean(means), 0.15);
    });
  }

  const key = dragFirst(scene, parts, map, (at) => [`→ ${short(relativeRateMap(at, "published", scene.settings.c))}`]);
  timePanels(scene, parts, ["fall"], (t) => [`loss in an update × ${short(means[Math.max(t, 1) - 1])}`]);
  return scene.run({ compute, draw, pin: () => ({ x, means }), key });
}

export default { render };
