// Rules side by side on a quadratic, from wherever the reader presses.

import { quadratic } from "./descent.js";
import { onQuadratic, planeExplorer } from "./plane.js";

function render(context) {
  // The draws of the mini-batches, and half the plane's width and height.
  const { draws, reach } = context.model.get("scene");
  const view = reach.map((half) => [-half, half]);
  const functionOf = (settings) =>
    onQuadratic(quadratic(settings, draws), { view, start: settings.start, minima: [[0, 0]] });
  return planeExplorer(context, { name: "race", steps: draws.length, functionOf });
}

export default { render };
