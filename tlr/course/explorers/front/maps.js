// What pictures of a map from one αλ to the next share.

import { line, within } from "./picture.js";

const POINTS = 60;

// Values on both sides of the jump at 1.
export function mapPoints(reach, from = 1e-3) {
  const share = (low, high) => Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
  return [share(from, 1 - 1e-9), share(1 + 1e-9, reach)];
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
