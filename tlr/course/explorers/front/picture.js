// Drawing on canvases: the plane with its paths, and the panels over the steps.

const FONT = "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
const INK = "#33404d";
const FAINT = "#dfe4e9";
const BANDS = 14;
const DECADES = 4;
const TINTS = [[159, 180, 199], [223, 231, 238], [251, 252, 253]];
const LOWEST = 1e-16;
export const HIGHEST = 1e12;
const FAR = 1e9;

// Shapes of radius one, by matplotlib's letters for them.
export const MARKERS = {
  s: "M-.85-.85H.85V.85H-.85z",
  o: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0z",
  D: "M0-1.2L1.2 0L0 1.2L-1.2 0z",
  "^": "M0-1.2L1.15 .85H-1.15z",
  P: "M-.42-1.15H.42V-.42H1.15V.42H.42V1.15H-.42V.42H-1.15V-.42H-.42z",
};

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const powerOfTen = (exponent) => "10" + [...String(exponent)].map((sign) => SUPERSCRIPTS[sign]).join("");

export function short(value) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(1).split("e").map(Number);
  if (exponent >= -3 && exponent < 4) return String(Number(value.toPrecision(3))).replace("-", "−");
  return (mantissa === 1 ? "" : `${mantissa} × `.replace("-", "−")) + powerOfTen(exponent);
}

// A canvas with its size in CSS pixels, sharp at any device pixel ratio. `begin` readies it for a new drawing.
export function surface(canvas) {
  const context = canvas.getContext("2d");
  const self = { canvas, context, width: 0, height: 0, unit: 15 };
  self.begin = () => {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(self.width * ratio), Math.round(self.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, self.width, self.height);
    context.lineJoin = context.lineCap = "round";
  };
  return self;
}

function marker(context, method, x, y, size, hollow = false) {
  context.save();
  context.translate(x, y);
  context.scale(size, size);
  const shape = new Path2D(MARKERS[method.marker]);
  context.lineWidth = (hollow ? 3.5 : 1.6) / size;
  context.strokeStyle = hollow ? method.color : "#ffffff";
  context.fillStyle = hollow ? "#ffffff" : method.color;
  context.setLineDash([]);
  context.stroke(shape);
  context.fill(shape);
  context.restore();
}

function stroke(context, method, pieces, width) {
  context.beginPath();
  for (const piece of pieces) piece.forEach((point, i) => (i ? context.lineTo(...point) : context.moveTo(...point)));
  context.strokeStyle = method.color;
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

// A line in the pieces that can be seen: dashes over all the rest, decades away, would take for ever to draw.
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

function tint(share) {
  const half = share < 0.5 ? 0 : 1;
  const mixed = TINTS[half].map((value, i) => Math.round(value + (2 * share - half) * (TINTS[half + 1][i] - value)));
  return `rgb(${mixed.join(",")})`;
}

// Where points of the plane lie on its canvas, and back.
export function frame({ width, height }, reach) {
  const scale = width / (2 * reach[0]);
  return {
    scale,
    place: ([x, y]) => [width / 2 + x * scale, height / 2 - y * scale],
    point: (x, y) => [(x - width / 2) / scale, (height / 2 - y) / scale],
  };
}

export function drawBands(ground, toy, reach) {
  ground.begin();
  const { context, width, height } = ground;
  const { scale } = frame(ground, reach);
  const corners = [reach, [reach[0], -reach[1]]].map(toy.value);
  const top = Math.max(...corners);
  context.fillStyle = tint(1);
  context.fillRect(0, 0, width, height);
  for (let band = 0; band < BANDS; band++) {
    const level = 2 * top * 10 ** ((-DECADES * (band + 1)) / BANDS);
    context.beginPath();
    const radii = [Math.sqrt(level) * scale, Math.sqrt(level / toy.condition) * scale];
    context.ellipse(width / 2, height / 2, ...radii, -toy.angle, 0, 2 * Math.PI);
    context.fillStyle = tint(1 - (band + 1) / BANDS);
    context.fill();
    context.strokeStyle = "rgba(110, 132, 154, 0.28)";
    context.stroke();
  }
}

export function drawPlane(plane, ground, reach, races, start, time) {
  plane.begin();
  const { context, width, height, unit } = plane;
  context.drawImage(ground.canvas, 0, 0, width, height);
  const { place } = frame(plane, reach);
  star(context, ...place([0, 0]), unit * 0.62);
  const lines = races.map(({ method, run }, i) => {
    const line = upTo(run.w, time).map(place);
    // Paths often lie on one another: the later, thinner ones leave the edges of the earlier to be seen.
    stroke(context, method, visible(line, [width, height], unit), unit * (0.21 - 0.025 * i));
    context.fillStyle = method.color;
    for (const [x, y] of line.slice(1, 1 + Math.floor(time))) dotAt(context, x, y, unit * 0.15);
    return line;
  });
  ring(context, ...place(start), unit * 0.5);
  const edge = unit * 0.75;
  races.forEach(({ method }, i) => {
    const [x, y] = lines[i][lines[i].length - 1];
    const inside = [Math.min(Math.max(x, edge), width - edge), Math.min(Math.max(y, edge), height - edge)];
    marker(context, method, ...inside, unit * 0.42, inside[0] !== x || inside[1] !== y);
  });
}

function dotAt(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = INK;
  context.lineWidth = radius / 4;
  context.stroke();
}

function star(context, x, y, radius) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const [angle, size] = [(i * Math.PI) / 5, i % 2 ? radius * 0.42 : radius];
    context.lineTo(x + size * Math.sin(angle), y - size * Math.cos(angle));
  }
  context.closePath();
  context.fillStyle = INK;
  context.strokeStyle = "#ffffff";
  context.lineWidth = radius / 4;
  context.stroke();
  context.fill();
}

// Exponents of the whole decades around the positive finite values: two at least, and within what can be drawn.
function decades(values) {
  const seen = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!seen.length) return [-1, 1];
  const within = (value) => Math.log10(Math.min(Math.max(value, LOWEST), HIGHEST));
  const low = Math.floor(within(seen.reduce((a, b) => Math.min(a, b))));
  return [low, Math.max(Math.ceil(within(seen.reduce((a, b) => Math.max(a, b)))), low + 2)];
}

// One quantity over the steps, 0 … `steps`, on a logarithmic axis that holds the `framed` values of every series. `levels` are lines
// across it, with their labels beside it; above `unstable` it is tinted; `best` is one more series, drawn thin.
export function drawPanel(panel, { title, series, levels, unstable, best, time, steps }) {
  panel.begin();
  const { context, width, height, unit } = panel;
  const right = width - (levels.length ? 3.3 : 0.6) * unit;
  const box = { left: 3.1 * unit, right, top: 2 * unit, bottom: height - 2.1 * unit };
  const [low, high] = decades([...series.flatMap(({ framed }) => framed), ...levels.map(({ value }) => value)]);
  const x = (t) => box.left + (t / (1.02 * steps)) * (box.right - box.left);
  const y = (value) => box.bottom - ((Math.log10(value) - low) / (high - low)) * (box.bottom - box.top);
  const across = (value) => {
    context.beginPath();
    context.moveTo(box.left, y(value));
    context.lineTo(box.right, y(value));
    context.stroke();
  };
  context.font = `${0.8 * unit}px ${FONT}`;
  context.fillStyle = INK;
  context.strokeStyle = FAINT;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const stride = Math.ceil((high - low) / Math.max(2, Math.floor((box.bottom - box.top) / (1.7 * unit))));
  for (let exponent = low; exponent <= high; exponent += stride) {
    across(10 ** exponent);
    context.fillText(powerOfTen(exponent), box.left - 0.4 * unit, y(10 ** exponent));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let t = 0; t <= steps; t += steps / 5) context.fillText(String(t), x(t), box.bottom + 0.4 * unit);
  context.textAlign = "right";
  context.fillText("step t", box.right, box.bottom + 1.25 * unit);
  context.textAlign = "left";
  context.font = `600 ${0.9 * unit}px ${FONT}`;
  context.fillText(title, box.left, 0.45 * unit);

  context.save();
  context.beginPath();
  const margin = 0.15 * unit;
  context.rect(box.left, box.top - margin, box.right - box.left, box.bottom - box.top + 2 * margin);
  context.clip();
  if (unstable) {
    context.fillStyle = "rgba(230, 159, 0, 0.12)";
    context.fillRect(box.left, box.top, box.right - box.left, Math.max(0, y(unstable) - box.top));
  }
  context.strokeStyle = INK;
  context.lineWidth = unit / 14;
  for (const { value } of levels) across(value);
  context.strokeStyle = "#9aa5b1";
  context.beginPath();
  context.moveTo(x(time), box.top);
  context.lineTo(x(time), box.bottom);
  context.stroke();
  if (best) drawSeries(context, { ...best.method, dash: [] }, best.values, time, x, y, unit * 0.06);
  const tips = series.map(({ method, values }) => drawSeries(context, method, values, time, x, y, unit * 0.15));
  context.restore();

  context.font = `${0.8 * unit}px ${FONT}`;
  context.fillStyle = INK;
  context.textAlign = "left";
  context.textBaseline = "middle";
  levels.forEach(({ value, label, shift }) => context.fillText(label, box.right + 0.4 * unit, y(value) + shift * unit));
  series.forEach(({ method }, i) => {
    if (tips[i] && tips[i][1] > box.top - 1) marker(context, method, ...tips[i], unit * 0.36);
  });
}

// The stretches of positive values as lines; returns where the last one ends, if it ends now.
function drawSeries(context, method, values, time, x, y, thickness) {
  const points = upTo(values.map((value, t) => [t, value]), time);
  const placed = points.map(([t, value]) => (value > 0 ? [x(t), y(Math.max(value, LOWEST))] : null));
  let stretch = [];
  for (const point of [...placed, null]) {
    if (point) stretch.push(point);
    else if (stretch.length) {
      stroke(context, method, [stretch], thickness);
      stretch = [];
    }
  }
  return placed[placed.length - 1];
}
