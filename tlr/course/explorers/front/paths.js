// Paths on any function of two variables.

import { LISTENERS } from "./controls.js";
import { described, quadratic } from "./descent.js";
import { drawHeights } from "./picture.js";
import { onQuadratic, planeExplorer } from "./plane.js";

function render(context) {
  const { functions, draws, steps } = context.model.get("scene");
  const made = functions.map((each) => ({ ...each, toy: each.toy && described(each.toy) }));

  // Those that have no formula here are the quadratics that two controls turn and stretch.
  function functionOf(settings) {
    const { name, toy, start, view, minima, floor, noisy } = made.find((each) => each.name === settings.function);
    const from = { view, minima, start: settings.start.length ? settings.start : start };
    if (toy) {
      const paint = (ground, seen) => drawHeights(ground, toy, seen, floor);
      return { ...from, toy, floor, edge: null, best: false, key: name, paint };
    }
    const { condition, angle } = settings;
    return onQuadratic(quadratic({ condition, rotation: angle, noise: noisy ? 1 : 0 }, draws), from);
  }

  function adapt(parts, settings) {
    const turns = !made.find((each) => each.name === settings.function).toy;
    for (const { name, row } of parts.controls) {
      if (name === "condition" || name === "angle") row.hidden = !turns;
      if (LISTENERS[name]) row.hidden = !LISTENERS[name].some((rule) => settings.rules.includes(rule));
    }
  }

  return planeExplorer(context, { name: "paths", steps, functionOf, adapt });
}

export default { render };
