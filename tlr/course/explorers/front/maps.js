// What pictures of a map from one αλ to the next share.

import { relativeRateMap, spread } from "./descent.js";
import { drawAxes, drawLine, fill, line, short, within } from "./picture.js";
import { onPointer } from "./stage.js";

const POINTS = 60;

// The map of each method from `low` to `high`, the diagonal, and a band around the best step where there is one.
export function drawMap(map, [low, high], methods, c, band) {
  map.begin();
  const [x, y] = ["xₜ", "xₜ₊₁"].map((label) => ({ low, high, label }));
  const { axes, context, look } = drawAxes(map, { title: "from one αλ to the next", x, y, sides: { top: 2.6 } });
  // Values on both sides of the jump at 1.
  const sides = [spread(low || 1e-3, 1 - 1e-9, POINTS), spread(1 + 1e-9, high, POINTS)];
  within(map, () => {
    if (band) fill(map, look.good, axes.box.left, axes.y(band[1]), axes.box.right, axes.y(band[0]));
    line(map, look.gray, [axes.x(low), axes.y(low)], [axes.x(high), axes.y(high)]);
    context.globalAlpha = 0.45;
    for (const method of methods)
      for (const side of sides) drawLine(map, method, side.map((x) => [x, relativeRateMap(x, method.rule, c)]), 0.26);
  });
}

// From the diagonal up or down to the map, and back to the diagonal.
export const web = (orbit) => orbit.flatMap((x, i) => (i + 1 < orbit.length ? [[x, x], [x, orbit[i + 1]]] : [[x, x]]));

// On such a map x₀ is dragged, and moved by arrow keys: what this returns answers them. `read(x)` says where x leads.
export function dragFirst(scene, map, read) {
  const at = (place) => Math.max(map.axes.x.back(place), 1e-3);
  onPointer(scene, map, {
    press: (place) => scene.take({ x0: at(place) }),
    read: (place) => [`x ${short(at(place))}`, ...read(at(place))],
  });
  return (right) => right && (() => scene.take({ x0: scene.settings.x0 * 1.05 ** right }, true));
}
