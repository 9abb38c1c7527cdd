// What a reader takes away: a text, such as the address of the same picture, and the picture itself.

import { marker, stroke } from "./picture.js";

const SCALE = 2;

// Into the clipboard, or, where a page in a frame may not, by way of a selection.
export async function copy(text, root) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    root.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

// All canvases, the legend and the settings as one picture, laid out as they are on the page.
export function pictureOf(parts, surfaces, draw) {
  for (const surface of surfaces) surface.ratio = SCALE;
  draw();
  const box = (each) => each.getBoundingClientRect();
  const words = ".tlr-label, .tlr-number, select, .tlr-name, .tlr-fate, .tlr-clock";
  const texts = [...parts.root.querySelectorAll(words)].filter((each) => each.checkVisibility());
  const { left, top, width } = box(parts.root);
  const low = Math.max(...[...texts, ...surfaces.map(({ canvas }) => canvas)].map((each) => box(each).bottom));
  const made = document.createElement("canvas");
  const { look, unit } = surfaces[0];
  Object.assign(made, { width: SCALE * width, height: SCALE * (low - top + unit) });
  const context = made.getContext("2d");
  context.fillStyle = look.paper;
  context.fillRect(0, 0, made.width, made.height);
  context.setTransform(SCALE, 0, 0, SCALE, -SCALE * left, -SCALE * top);
  for (const { canvas, width: wide, height } of surfaces) context.drawImage(canvas, box(canvas).x, box(canvas).y, wide, height);
  context.textBaseline = "middle";
  context.fillStyle = look.ink;
  context.font = getComputedStyle(parts.root).font;
  for (const each of texts) {
    const { x, y, right, height } = box(each);
    context.textAlign = each.matches(".tlr-number, .tlr-fate, .tlr-clock") ? "right" : "left";
    const text = each.selectedOptions?.[0].textContent ?? each.value ?? each.textContent;
    context.fillText(text, context.textAlign === "right" ? right : x, y + height / 2);
  }
  for (const { made: row, method } of parts.legend) {
    if (row.hidden || row.ariaPressed === "false") continue;
    const { x, y, right, height } = box(row.firstElementChild);
    const middle = y + height / 2;
    stroke({ context, look, unit }, method, [[[x, middle], [right, middle]]], 0.17);
    if (method.marker) marker({ context, look, unit }, method, (x + right) / 2, middle, 0.36);
  }
  for (const surface of surfaces) delete surface.ratio;
  draw();
  return made;
}

export function download(canvas, name) {
  canvas.toBlob((data) => {
    const link = document.createElement("a");
    Object.assign(link, { href: URL.createObjectURL(data), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
