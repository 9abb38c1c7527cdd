// What pictures of a map from one αλ to the next share.

import { spread } from "./descent.js";
import { line, short, within } from "./picture.js";
import { arrows, onPointer } from "./stage.js";

const POINTS = 60;

// Values on both sides of the jump at 1.
export function mapPoints(reach, from = 1e-3) {
  return [spread(from, 1 - 1e-9, POINTS), spread(1 + 1e-9, reach, POINTS)];
}

// The diagonal, and a band around the best step where there is one, on axes that are drawn.
export function drawMapGround(map, [low, high], band) {
  const { context, look, axes } = map;
  within(map, () => {
    if (band) {
      const [bottom, top] = band.map(axes.y);
      context.fillStyle = look.good;
      context.fillRect(axes.box.left, top, axes.box.right - axes.box.left, bottom - top);
    }
    context.strokeStyle = look.gray;
    context.lineWidth = 1;
    line(map, [axes.x(low), axes.y(low)], [axes.x(high), axes.y(high)]);
  });
}

// From the diagonal up or down to the map, and back to the diagonal.
export const web = (orbit) => orbit.flatMap((x, i) => (i + 1 < orbit.length ? [[x, x], [x, orbit[i + 1]]] : [[x, x]]));

// On such a map x₀ is dragged, and moved by arrow keys: what this returns answers them. `read(x)` says where x leads.
export function dragFirst(scene, parts, map, read) {
  const at = (place) => Math.max(map.axes.x.back(place), 1e-3);
  const moveTo = (place) => scene.take({ x0: at(place) });
  onPointer(map.canvas, {
    press: moveTo,
    drag: moveTo,
    release: scene.save,
    hover: (x, y) => parts.tip.show(map.canvas, x, y, [`x ${short(at(x))}`, ...read(at(x))]),
    leave: parts.tip.hide,
  });
  return (event) => {
    const [right] = arrows(event, map.canvas);
    return right && (() => scene.take({ x0: scene.settings.x0 * 1.05 ** right }, true));
  };
}
