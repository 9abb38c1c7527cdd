// Drawing on canvases: the plane with its paths, axes with lines, panels over the steps.

import { clamp, powerOfTen } from "./numbers.js";

const FONT = "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
// The names of the colors that front.css gives, for the light theme and for the dark one.
const COLORS = ["ink", "paper", "soft", "faint", "edge", "gray", "low", "middle", "high", "ground", "band", "warm", "good"];
const BANDS = 14;
const DECADES = 4;
const LOWEST = 1e-16;
export const HIGHEST = 1e12;
const FAR = 1e9;
// Lines nearer to each other than this, in pixels, would hide each other; how wide they are in the type's size.
const SAME = 1.5;
const WIDE = 0.16;

// Shapes of radius one, by matplotlib's letters.
export const MARKERS = {
  s: "M-.85-.85H.85V.85H-.85z",
  o: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0z",
  D: "M0-1.2L1.2 0L0 1.2L-1.2 0z",
  "^": "M0-1.2L1.15 .85H-1.15z",
  v: "M0 1.2L1.15-.85H-1.15z",
  "*": "M0-1L.25-.34.95-.31.4.13.59.81 0 .42-.59.81-.4.13-.95-.31-.25-.34z",
  P: "M-.42-1.15H.42V-.42H1.15V.42H.42V1.15H-.42V.42H-1.15V-.42H-.42z",
};

const smallest = (values) => values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, b));

export function short(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "undefined" : "infinite";
  const [mantissa, exponent] = value.toExponential(1).split("e").map(Number);
  if (exponent >= -3 && exponent < 4) return String(Number(value.toPrecision(3))).replace("-", "−");
  return (mantissa === 1 ? "" : `${mantissa} × `.replace("-", "−")) + powerOfTen(exponent);
}

// A canvas with its size in CSS pixels, sharp at any device pixel ratio. `begin` readies it for a new drawing.
export function surface(canvas) {
  const context = canvas.getContext("2d");
  const self = { canvas, context, width: 0, height: 0, unit: 15 };
  self.begin = () => {
    const style = getComputedStyle(canvas);
    self.look ??= {};
    for (const name of COLORS) self.look[name] = style.getPropertyValue(`--tlr-${name}`).trim() || self.look[name];
    const ratio = self.ratio ?? (window.devicePixelRatio || 1);
    const [width, height] = [Math.round(self.width * ratio), Math.round(self.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, self.width, self.height);
    context.lineJoin = context.lineCap = "round";
  };
  return self;
}

// A method's color; what is black on paper is ink in the dark.
function colorOf({ look }, { color, shaded, plain, ghost }) {
  if (plain) return color;
  if (ghost) return look.gray;
  if (color === "#000000") return look.ink;
  // Shades from dark to bright are made for paper.
  const [paper, own] = [channels(look.paper), channels(color)];
  return shaded && paper[0] < 128 ? css(own.map((value, i) => Math.round(0.65 * value + 0.35 * (255 - paper[i])))) : color;
}

// Markers, rings and lines are as large and as wide as said, in the type's size.
export function marker(surface, method, x, y, size, hollow = false) {
  const { context, look, unit } = surface;
  const color = colorOf(surface, method);
  context.save();
  context.translate(x, y);
  context.scale(size * unit, size * unit);
  const shape = new Path2D(MARKERS[method.marker]);
  context.lineWidth = (hollow ? 3.5 : 1.6) / (size * unit);
  context.strokeStyle = hollow ? color : look.paper;
  context.fillStyle = hollow ? look.paper : color;
  context.setLineDash([]);
  context.stroke(shape);
  context.fill(shape);
  context.restore();
}

export function stroke(surface, method, pieces, thickness) {
  const { context, unit } = surface;
  const width = thickness * unit;
  context.beginPath();
  for (const piece of pieces) piece.forEach((point, i) => (i ? context.lineTo(...point) : context.moveTo(...point)));
  context.strokeStyle = colorOf(surface, method);
  context.lineWidth = width;
  // Flat ends keep short dashes and dots apart.
  context.lineCap = method.dash.length ? "butt" : "round";
  context.setLineDash(method.dash.map((length) => length * width));
  context.stroke();
  context.setLineDash([]);
}

// The part of a segment within the box from (−edge, −edge) to (width + edge, height + edge), or null.
function clipped([a, b], size, edge) {
  const [near, far] = [a, b].map(([x, y]) => Math.max(Math.abs(x), Math.abs(y)));
  // From so far out, rounding would decide where the line crosses the plane.
  if (Math.min(near, far) > FAR) return null;
  if (near > far) return clipped([b, a], size, edge)?.reverse() ?? null;
  let [from, to] = [0, 1];
  for (const i of [0, 1]) {
    const length = b[i] - a[i];
    const bounds = [(-edge - a[i]) / length, (size[i] + edge - a[i]) / length];
    if (length === 0 && (a[i] < -edge || a[i] > size[i] + edge)) return null;
    if (length !== 0) [from, to] = [Math.max(from, Math.min(...bounds)), Math.min(to, Math.max(...bounds))];
  }
  const at = (share) => [a, b][share] ?? a.map((x, i) => x + share * (b[i] - x));
  return from <= to ? [at(from), at(to)] : null;
}

// A line in the pieces that can be seen: dashes over all the rest would take for ever.
function visible(points, size, edge) {
  const pieces = [];
  let open = null;
  for (let i = 1; i < points.length; i++) {
    const part = clipped(points.slice(i - 1, i + 1), size, edge);
    if (part && open && part[0] === points[i - 1]) open.push(part[1]);
    else if (part) pieces.push((open = part));
    if (!part || part[1] !== points[i]) open = null;
  }
  return pieces;
}

// The first points of a series, up to the fraction `time` of the steps; it ends where a value is not finite.
function upTo(points, time) {
  const last = Math.floor(time);
  const shown = points.slice(0, last + 1);
  const [from, to] = [points[last], points[last + 1]];
  if (to && time > last) shown.push(from.map((value, i) => value + (time - last) * (to[i] - value)));
  const end = shown.findIndex((point) => !point.every(Number.isFinite));
  return end < 0 ? shown : shown.slice(0, end);
}

export const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

// Between the look's low, middle and high, as red, green and blue.
function tint(look, share) {
  const [from, to] = (share < 0.5 ? [look.low, look.middle] : [look.middle, look.high]).map(channels);
  const part = 2 * share - (share < 0.5 ? 0 : 1);
  return from.map((value, i) => Math.round(value + part * (to[i] - value)));
}

const css = (color) => `rgb(${color.join(",")})`;

// Bands of equal loss of a quadratic, on a ground that shows the `view` of the plane.
export function drawBands(surface, toy, [[left, right], [bottom, top]]) {
  const { context, width, height, look } = surface;
  const [across, up] = [width / (right - left), height / (top - bottom)];
  const corners = [left, right].flatMap((x) => [bottom, top].map((y) => toy.value([x, y])));
  const most = Math.max(...corners);
  fill(surface, css(tint(look, 1)), 0, 0, width, height);
  for (let band = 0; band < BANDS; band++) {
    const level = 2 * most * 10 ** ((-DECADES * (band + 1)) / BANDS);
    context.save();
    context.translate(-left * across, top * up);
    context.scale(across, up);
    context.beginPath();
    context.ellipse(0, 0, Math.sqrt(level), Math.sqrt(level / toy.condition), -toy.angle, 0, 2 * Math.PI);
    context.restore();
    context.fillStyle = css(tint(look, 1 - (band + 1) / BANDS));
    context.fill();
    context.strokeStyle = look.band;
    context.stroke();
  }
}

// The same for any function, a place at a time; above the lowest that is seen where the `floor` is not known.
export function drawHeights({ context, width, height, look }, toy, [[left, right], [bottom, top]], floor) {
  const [columns, rows] = [Math.round(width), Math.round(height)];
  const values = new Float64Array(columns * rows);
  for (let i = 0; i < values.length; i++) {
    const [x, y] = [(i % columns) + 0.5, Math.floor(i / columns) + 0.5];
    values[i] = toy.value([left + (x / columns) * (right - left), top - (y / rows) * (top - bottom)]);
  }
  const lowest = floor ?? smallest(values);
  const heights = values.map((value) => Math.log10(Math.max(value - lowest, Number.MIN_VALUE)));
  const high = largest(heights);
  const low = Math.max(high - DECADES, smallest(heights));
  const tints = Array.from({ length: BANDS }, (_, band) => tint(look, band / (BANDS - 1)));
  const image = new ImageData(columns, rows);
  heights.forEach((each, i) => {
    const band = Math.floor(BANDS * clamp((each - low) / (high - low || 1), 0, 0.999999)) || 0;
    image.data.set([...tints[band], 255], 4 * i);
  });
  const scratch = new OffscreenCanvas(columns, rows);
  scratch.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(scratch, 0, 0, width, height);
}

// Those of a line, by their t, that are long enough to have a direction, the same whichever way they run.
function segments(line) {
  const found = [];
  for (let t = 0; t + 1 < line.length; t++) {
    if (!line[t] || !line[t + 1]) continue;
    const [[x, y], [dx, dy]] = [line[t], line[t + 1].map((value, k) => value - line[t][k])];
    const length = Math.hypot(dx, dy);
    const sign = dx < 0 || (dx === 0 && dy < 0) ? -1 : 1;
    if (length > SAME) found[t] = { x: x + dx / 2, y: y + dy / 2, dx: (sign * dx) / length, dy: (sign * dy) / length, half: length / 2 };
  }
  return found;
}

function covers(other, { x, y, dx, dy }) {
  if (Math.abs(dx * other.dy - dy * other.dx) > 0.05) return false;
  const [right, down] = [x - other.x, y - other.y];
  return (
    Math.abs(right * other.dx + down * other.dy) <= other.half && Math.abs(right * other.dy - down * other.dx) < SAME
  );
}

// Lines moved apart by `gap` where they would lie on one another: at the same t, or at any.
export function sideBySide(lines, gap, anywhen = false) {
  const pieces = lines.map(segments);
  return lines.map((line, i) => {
    const pushes = line.map(() => []);
    pieces[i].forEach((one, t) => {
      const meets = (others) => (anywhen ? others.some((other) => covers(other, one)) : others[t] && covers(others[t], one));
      const together = pieces.map((others, k) => k === i || meets(others));
      const [before, all] = [together.slice(0, i), together].map((those) => those.filter(Boolean).length);
      const size = (before - (all - 1) / 2) * gap;
      if (all > 1) for (const end of [t, t + 1]) pushes[end].push([-size * one.dy, size * one.dx]);
    });
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    return line.map((point, t) => (pushes[t].length ? point.map((value, k) => value + mean(pushes[t].map((push) => push[k]))) : point));
  });
}

// The plane around the view, on a logarithmic scale: a frame for each power of ten.
function drawFar(plane, { far, at }) {
  const { context, width, height, look, unit } = plane;
  fill(plane, look.paper, 0, 0, width, height);
  const decades = Math.floor(Math.log10(far));
  const stride = Math.max(1, Math.ceil((3 * unit) / (height * (at(10) - at(1)))));
  const frame = (k) => [width, height].flatMap((size) => [-1, 1].map((side) => (size / 2) * (1 + side * at(10 ** k))));
  context.globalAlpha = Math.min(1, 3 / decades);
  for (let k = decades; k > 0; k--) {
    const [left, right, top, bottom] = frame(k);
    fill(plane, look.ground, left, top, right, bottom);
  }
  context.globalAlpha = 1;
  for (let k = stride; k <= decades; k += stride) {
    const [left, right, top, bottom] = frame(k);
    context.strokeStyle = look.edge;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
    const [x, half] = [width / 2, 1.7 * unit];
    fill(plane, look.paper, x - half, top - unit / 2, x + half, top + unit / 2);
    write(plane, `${powerOfTen(k)} ×`, x, top, "center", look.soft);
  }
}

// Paths from `start` up to a time, over a ground; `lens` says where a point lies on it, and how far the view is `shrunk`.
export function drawPlane(plane, ground, { races, ghosts, start, minima, lens, time }) {
  plane.begin();
  const { context, width, height, unit } = plane;
  const { shrunk, place } = lens;
  if (shrunk < 1) drawFar(plane, lens);
  context.drawImage(ground.canvas, (width * (1 - shrunk)) / 2, (height * (1 - shrunk)) / 2, width * shrunk, height * shrunk);
  for (const minimum of minima) marker(plane, { marker: "*", color: plane.look.ink }, ...place(minimum), 0.62);
  const seen = (points) => visible(points, [width, height], unit);
  for (const { method, run } of ghosts) stroke(plane, method, seen(upTo(run.w, time).map(place)), 0.1);
  const lines = sideBySide(races.map(({ run }) => upTo(run.w, time).map(place)), unit * WIDE, true);
  races.forEach(({ method }, i) => {
    stroke(plane, method, seen(lines[i]), WIDE);
    context.fillStyle = colorOf(plane, method);
    for (const [x, y] of lines[i].slice(1, 1 + Math.floor(time))) {
      context.beginPath();
      context.arc(x, y, unit * 0.14, 0, 2 * Math.PI);
      context.fill();
    }
  });
  ring(plane, ...place(start), 0.5);
  const edge = unit * 0.75;
  races.forEach(({ method }, i) => {
    const [x, y] = lines[i].at(-1);
    const inside = [clamp(x, edge, width - edge), clamp(y, edge, height - edge)];
    marker(plane, method, ...inside, 0.42, inside[0] !== x || inside[1] !== y);
  });
}

// A ring that a hand can take.
export function ring({ context, look, unit }, x, y, radius, color = look.ink) {
  context.beginPath();
  context.arc(x, y, radius * unit, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = (radius * unit) / 4;
  context.stroke();
}

// Exponents of the whole decades around the positive finite values: two at least, and within what can be drawn.
export function decades(values) {
  const seen = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!seen.length) return [-1, 1];
  const within = (value) => Math.log10(clamp(value, LOWEST, HIGHEST));
  const low = Math.floor(within(smallest(seen)));
  return [low, Math.max(Math.ceil(within(largest(seen))), low + 2)];
}

// Where values lie between two places, and back.
function scale({ low, high, log }, from, to) {
  const measure = log ? Math.log10 : (value) => value;
  const [first, last] = [measure(low), measure(high)];
  const at = (value) => from + ((measure(value) - first) / (last - first)) * (to - from);
  at.back = (place) => {
    const value = first + ((place - from) / (to - from)) * (last - first);
    return log ? 10 ** value : value;
  };
  return at;
}

// Round values along an axis, about `room` of them, with their labels.
function ticks({ low, high, log, every }, room) {
  const found = [];
  if (log) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const stride = Math.max(1, Math.ceil((last - first) / Math.max(2, room)));
    for (let exponent = first; exponent <= last; exponent += stride) found.push({ value: 10 ** exponent, label: powerOfTen(exponent) });
    return found;
  }
  const wanted = (high - low) / Math.max(2, room);
  const decade = 10 ** Math.floor(Math.log10(wanted));
  const stride = every ?? decade * [1, 2, 5, 10].find((factor) => factor * decade >= wanted);
  for (let i = Math.ceil(low / stride - 1e-9); i * stride <= high * (1 + 1e-9); i++) found.push({ value: i * stride, label: short(i * stride) });
  return found;
}

// Axes on a surface, with grid and labels. x and y are { low, high, log, label, every }, x `bare` without numbers; `sides`
// is the room around, in the type's size. `surface.axes` then says where values lie, and where places lead back to.
export function drawAxes(surface, { x, y, title, sides = {} }) {
  const { context, width, height, unit, look } = surface;
  const { left = 3.1, right = 0.6, top = 2, bottom = 2.1 } = sides;
  const box = { left: left * unit, right: width - right * unit, top: top * unit, bottom: height - bottom * unit };
  const [across, up] = [scale(x, box.left, box.right), scale(y, box.bottom, box.top)];
  surface.axes = { box, x: across, y: up };
  for (const { value, label } of ticks(y, (box.bottom - box.top) / ((y.log ? 1.7 : 2.4) * unit))) {
    line(surface, look.faint, [box.left, up(value)], [box.right, up(value)]);
    write(surface, label, box.left - 0.4 * unit, up(value), "right");
  }
  const below = (text, x, y, align) => write(surface, text, x, y, align, look.ink, "top");
  for (const { value, label } of ticks(x, (box.right - box.left) / (4 * unit))) {
    if (!x.bare) below(label, across(value), box.bottom + 0.4 * unit, "center");
  }
  if (x.label) below(x.label, box.right, box.bottom + 1.25 * unit, "right");
  if (y.label) below(y.label, 0.3 * unit, box.top - 1.35 * unit, "left");
  context.font = `600 ${0.9 * unit}px ${FONT}`;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = look.ink;
  if (title) context.fillText(title, box.left, 0.45 * unit);
  return surface;
}

export function fill({ context }, color, left, top, right, bottom) {
  context.fillStyle = color;
  context.fillRect(left, top, right - left, bottom - top);
}

export function line({ context }, color, from, to, width = 1) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

export function write({ context, unit, look }, text, x, y, align = "left", color = look.ink, baseline = "middle") {
  context.font = `${0.8 * unit}px ${FONT}`;
  context.fillStyle = color;
  context.textAlign = align;
  context.textBaseline = baseline;
  context.fillText(text, x, y);
}

// Draw within the axes, and a bit beyond their edges.
export function within(surface, draw) {
  const { context, unit, axes } = surface;
  const margin = 0.15 * unit;
  const { left, right, top, bottom } = axes.box;
  context.save();
  context.beginPath();
  context.rect(left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin);
  context.clip();
  draw();
  context.restore();
}

// A line through values, [x, y] each, within the axes; it breaks where a value cannot be drawn.
export function drawLine(surface, look, points, thickness) {
  const { axes, width, height, unit } = surface;
  let stretch = [];
  for (const point of [...points.map(([x, y]) => [axes.x(x), axes.y(y)]), null]) {
    if (point?.every(Number.isFinite)) stretch.push(point);
    else if (stretch.length) {
      stroke(surface, look, visible(stretch, [width, height], unit), thickness);
      stretch = [];
    }
  }
}

// The α above which a fixed one cannot converge, and half of it, as levels of a panel.
export const edges = (edge) => [
  { value: edge, label: "2/λₘₐₓ", shift: -0.4 },
  { value: edge / 2, label: "1/λₘₐₓ", shift: 0.4 },
];

// One quantity over the steps of a scene, on a logarithmic axis that holds the values of every series, or those `framed`.
// `levels` are lines across it, with their labels beside it; above `unstable` it is tinted; `best` is one more series,
// drawn thin.
export function drawPanel(panel, { time, steps }, { title, series, ghosts = [], levels = [], unstable, best }) {
  panel.begin();
  const { context, unit, look } = panel;
  const [low, high] = decades([...[...series, ...ghosts].flatMap(({ values, framed }) => framed ?? values), ...levels.map(({ value }) => value)]);
  drawAxes(panel, {
    title,
    x: { low: 0, high: 1.02 * steps, every: steps / 5, label: "step t" },
    y: { low: 10 ** low, high: 10 ** high, log: true },
    sides: { right: levels.length ? 3.3 : 0.6 },
  });
  const { box, x, y } = panel.axes;
  let tips = [];
  within(panel, () => {
    if (unstable) fill(panel, look.warm, box.left, box.top, box.right, Math.max(box.top, y(unstable)));
    for (const { value, thin } of levels) {
      context.globalAlpha = thin ? 0.4 : 1;
      line(panel, look.ink, [box.left, y(value)], [box.right, y(value)], unit / 14);
    }
    context.globalAlpha = 1;
    line(panel, look.gray, [x(time), box.top], [x(time), box.bottom], unit / 14);
    if (best) drawSeries(panel, [{ method: { ...best.method, dash: [] }, values: best.values }], time, 0.06);
    drawSeries(panel, ghosts, time, 0.09);
    tips = drawSeries(panel, series, time, 0.15);
  });
  levels.forEach(({ value, label, shift }) => write(panel, label, box.right + 0.4 * unit, y(value) + shift * unit));
  series.forEach(({ method }, i) => {
    if (tips[i] && tips[i][1] > box.top - 1) marker(panel, method, ...tips[i], 0.36);
  });
}

// The stretches of positive values as lines; returns where each ends, if it ends now.
function drawSeries(panel, series, time, thickness) {
  const { x, y } = panel.axes;
  const placed = series.map(({ values }) =>
    upTo(values.map((value, t) => [t, value]), time).map(([t, value]) => (value > 0 ? [x(t), y(Math.max(value, LOWEST))] : null)),
  );
  sideBySide(placed, thickness * panel.unit).forEach((line, i) => {
    const pieces = [[]];
    for (const point of line) point ? pieces.at(-1).push(point) : pieces.push([]);
    stroke(panel, series[i].method, pieces, thickness);
  });
  return placed.map((line) => line.at(-1));
}
