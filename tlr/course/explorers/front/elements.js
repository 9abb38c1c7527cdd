// The elements of the explorer, before anything moves: buttons, sliders, the legend, the canvases.

import { MARKERS, short } from "./picture.js";

const POSITIONS = 200;
const PLANE_LABEL = "The plane with the paths. Arrow keys move the start, Enter starts the race.";
const KEYS_LABEL =
  "Keys: space plays and pauses, comma and period step, Home and End jump, arrows on the plane move the start, " +
  "Enter races from there, 1 to 5 hide a method, L enlarges, R resets. " +
  "Point at a method to see the exact line search's steps along its path, as a thin line beside α.";

const ICONS = {
  play: "M5 3l11 7-11 7z",
  pause: "M5 3h4v14H5zM12 3h4v14h-4z",
  back: "M15 3v14l-9-7zM4 3h2v14H4z",
  step: "M5 3l9 7-9 7zM14 3h2v14h-2z",
  again: "M10 4a6 6 0 1 1-5.8 4.5l1.9.5A4 4 0 1 0 10 6v3L5 5l5-4z",
};

export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawing(viewBox, attributes, ...shapes) {
  const [space, svg] = ["http://www.w3.org/2000/svg", (tag) => document.createElementNS(space, tag)];
  const made = svg("svg");
  for (const [name, value] of Object.entries({ viewBox, "aria-hidden": "true", ...attributes }))
    made.setAttribute(name, value);
  for (const shape of shapes) {
    const path = svg("path");
    for (const [name, value] of Object.entries(shape)) path.setAttribute(name, value);
    made.append(path);
  }
  return made;
}

export const icon = (name) => drawing("0 0 20 20", { class: "tlr-icon" }, { d: ICONS[name], fill: "currentColor" });

function button(label, hint, name) {
  const made = element("button", { type: "button", title: hint }, name ? [icon(name)] : []);
  made.append(element("span", {}, [label]));
  return made;
}

function sample(method) {
  const line = { d: "M1 8H47", stroke: method.color, "stroke-width": 2.6, fill: "none" };
  line["stroke-dasharray"] = method.dash.map((length) => 2.6 * length).join(" ");
  const mark = { d: MARKERS[method.marker], fill: method.color, transform: "translate(24 8) scale(5.4)" };
  return drawing("0 0 48 16", { class: "tlr-sample" }, line, mark);
}

// A control's place on its slider, 0 … POSITIONS, and back.
function toPosition({ low, high, log }, value) {
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(POSITIONS * share);
}

export function toValue({ low, high, log }, position) {
  if (position === POSITIONS) return high;
  const share = position / POSITIONS;
  return log ? low * (high / low) ** share : low + (high - low) * share;
}

function sliderRow(control) {
  const input = element("input", { type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": control.name });
  const output = element("output");
  const row = element("label", { title: control.hint }, [element("span", {}, [control.label]), input, output]);
  const show = (value) => {
    input.value = toPosition(control, value);
    output.textContent = short(value) + control.unit;
    input.setAttribute("aria-valuetext", output.textContent);
  };
  return { row, input, show };
}

function methodButton(method) {
  const fate = element("span", { class: "tlr-fate" });
  const name = element("span", { class: "tlr-name" }, [method.label]);
  const made = element("button", { type: "button", "aria-pressed": "true", title: "Show or hide this method" });
  made.append(sample(method), name, fate);
  return { made, fate };
}

export function build({ controls, methods, draws }) {
  const parts = {
    plane: element("canvas", { class: "tlr-plane", tabindex: 0, role: "application", "aria-label": PLANE_LABEL }),
    alpha: element("canvas", { role: "img", "aria-label": "The learning rate of each method over the steps" }),
    loss: element("canvas", { role: "img", "aria-label": "The loss of each method over the steps" }),
    hint: element("div", { class: "tlr-hint" }, ["Press anywhere to start there"]),
    sliders: controls.map(sliderRow),
    legend: methods.map(methodButton),
    play: button("Play", "Play or pause (space)", "play"),
    back: button("Back", "One step back (,)", "back"),
    step: button("Step", "One step on (.)", "step"),
    again: button("Again", "Back to the start (Home)", "again"),
    scrub: element("input", { type: "range", min: 0, max: draws.length, step: 1, "aria-label": "step t" }),
    clock: element("output", { class: "tlr-clock" }),
    reset: button("Reset", "All settings as they were at first (r)"),
    large: button("Large type", "Presentation mode: larger type and lines (l)"),
  };
  parts.large.setAttribute("aria-pressed", "false");
  const rows = parts.sliders.map(({ row }) => row);
  const side = element("div", { class: "tlr-side" }, [
    element("div", { class: "tlr-sliders" }, rows),
    element("div", { class: "tlr-legend", role: "group", "aria-label": "Methods" }, parts.legend.map(({ made }) => made)),
  ]);
  const player = [parts.play, parts.back, parts.step, parts.again, parts.scrub, parts.clock, parts.reset, parts.large];
  parts.root = element("div", { class: "tlr-race", "data-lm-suppress-shortcuts": "true" }, [
    element("div", { class: "tlr-main" }, [element("div", { class: "tlr-field" }, [parts.plane, parts.hint]), side]),
    element("div", { class: "tlr-player" }, player),
    element("div", { class: "tlr-panels" }, [parts.alpha, parts.loss]),
    element("p", { class: "tlr-keys" }, [KEYS_LABEL]),
  ]);
  return parts;
}
