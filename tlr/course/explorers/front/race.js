// Rules side by side on a quadratic, from wherever the reader presses.

import { quadratic } from "./descent.js";
import { drawBands } from "./picture.js";
import { planeExplorer } from "./plane.js";

function render(context) {
  // The draws of the mini-batches, and half the plane's width and height.
  const { draws, reach } = context.model.get("scene");
  const view = reach.map((half) => [-half, half]);
  const functionOf = (settings) => {
    const toy = quadratic(settings, draws);
    return {
      toy,
      view,
      start: settings.start,
      minima: [[0, 0]],
      floor: 0,
      edge: 2 / settings.condition,
      best: true,
      key: [settings.condition, settings.rotation].join(),
      paint: (ground, seen) => drawBands(ground, toy, seen),
    };
  };
  return planeExplorer(context, { name: "race", steps: draws.length, functionOf });
}

export default { render };
