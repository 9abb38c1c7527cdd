// The elements of an explorer, before anything moves: canvases, controls, the legend, the player.

import { makeControl } from "./controls.js";
import { element } from "./element.js";
import { MARKERS } from "./picture.js";

// How many controls are seen at first.
const FIRST = 3;

const PLAYER_KEYS = "space plays and pauses, comma and period step, Home and End jump, ";
const COMMON_KEYS = "P pins, S saves the picture, F fills the screen, L enlarges, R resets, Ctrl-Z takes back.";

const ICONS = {
  play: "M5 3l11 7-11 7z",
  pause: "M5 3h4v14H5zM12 3h4v14h-4z",
  back: "M15 3v14l-9-7zM4 3h2v14H4z",
  step: "M5 3l9 7-9 7zM14 3h2v14h-2z",
  again: "M10 4a6 6 0 1 1-5.8 4.5l1.9.5A4 4 0 1 0 10 6v3L5 5l5-4z",
};

const svg = (tag, attributes, children) =>
  element(tag, attributes, children, document.createElementNS("http://www.w3.org/2000/svg", tag));

const drawing = (viewBox, name, ...shapes) =>
  svg("svg", { viewBox, "aria-hidden": "true", class: name }, shapes.map((shape) => svg("path", shape)));

export const icon = (name) => drawing("0 0 20 20", "tlr-icon", { d: ICONS[name], fill: "currentColor" });

function button(label, hint, name) {
  const made = element("button", { type: "button", title: hint }, name ? [icon(name)] : []);
  made.append(element("span", {}, [label]));
  return made;
}

function sample(method) {
  const color = method.color === "#000000" ? "currentColor" : method.color;
  const line = { d: "M1 8H47", stroke: color, "stroke-width": method.width ?? 2.6, fill: "none" };
  line["stroke-dasharray"] = method.dash.map((length) => 2.6 * length).join(" ");
  const mark = { d: MARKERS[method.marker] ?? "", fill: color, transform: "translate(24 8) scale(5.4)" };
  return drawing("0 0 48 16", "tlr-sample", line, mark);
}

// A row of the legend: a button that shows or hides the method, or, of what cannot be hidden, its name alone.
function legendRow(method, hides) {
  const fate = element("span", { class: "tlr-fate" });
  const parts = [sample(method), element("span", { class: "tlr-name" }, [method.label]), fate];
  const button = { type: "button", "aria-pressed": "true", title: "Show or hide this method" };
  const made = hides ? element("button", button, parts) : element("div", { class: "tlr-entry" }, parts);
  const say = (text) => {
    if (fate.textContent !== text) fate.textContent = text;
  };
  return { made, say, method };
}

function canvases(labels) {
  const made = ([name, label]) => [name, element("canvas", { class: `tlr-${name}`, role: "img", "aria-label": label })];
  return Object.fromEntries(Object.entries(labels).map(made));
}

// Text beside the pointer.
function makeTip() {
  const made = element("div", { class: "tlr-tip", "aria-hidden": "true" });
  made.hide = () => made.classList.remove("tlr-shown");
  made.show = (over, x, y, lines) => {
    made.replaceChildren(...lines.map((line) => element("div", {}, [line])));
    const [box, root] = [over.getBoundingClientRect(), made.parentElement.getBoundingClientRect()];
    const at = [box.left - root.left + x, box.top - root.top + y];
    made.style.left = `${at[0] > root.width / 2 ? at[0] - made.offsetWidth - 14 : at[0] + 14}px`;
    made.style.top = `${Math.max(at[1] - made.offsetHeight - 8, 0)}px`;
    made.classList.add("tlr-shown");
  };
  return made;
}

function makePlayer(first, steps, unit) {
  return {
    play: button("Play", "Play or pause (space)", "play"),
    back: button("Back", "One step back (,)", "back"),
    step: button("Step", "One step on (.)", "step"),
    again: button("Again", "Back to the start (Home)", "again"),
    scrub: element("input", { type: "range", min: first, max: steps, step: 1, "aria-label": unit === "t" ? "step t" : unit }),
    clock: element("span", { class: "tlr-clock" }), // an output would be read aloud at every frame
  };
}

function makeTools() {
  const made = {
    undo: button("Undo", "Take the last change back (Ctrl-Z)"),
    reset: button("Reset", "All settings as they were at first (r)"),
    pin: button("Pin", "Keep this run in gray while you change something (p)"),
    link: button("Copy link", "Copy an address that opens this very picture"),
    save: button("Save picture", "Save this picture as a PNG file (s)"),
    full: button("Full screen", "Fill the screen (f)"),
    large: button("Large type", "Presentation mode: larger type and lines (l)"),
  };
  for (const each of [made.pin, made.large]) each.setAttribute("aria-pressed", "false");
  return made;
}

// The first controls, and the others behind a word.
function shownControls(controls) {
  const rows = controls.map(({ row }) => row);
  const more = element("details", { class: "tlr-more" }, [element("summary", {}, ["More"]), ...rows.slice(FIRST)]);
  return element("div", { class: "tlr-controls" }, [...rows.slice(0, FIRST), ...(rows.length > FIRST ? [more] : [])]);
}

// `fields` and `panels` are canvases, name → label: what is worked in, the first by keys, too, and what stands below.
export function build({ name, controls, methods, fields, panels = {}, steps, first = 0, unit, hides, hint = "", about, keys }) {
  const [above, below] = [canvases(fields), canvases(panels)];
  const [player, tools] = [steps ? makePlayer(first, steps, unit) : {}, makeTools()];
  const worked = Object.values(above)[0];
  worked.setAttribute("role", "application");
  worked.tabIndex = 0;
  const parts = {
    unit,
    canvases: { ...above, ...below },
    player: steps > 0,
    hint: element("div", { class: "tlr-hint" }, [hint]),
    tip: makeTip(),
    controls: controls.map(makeControl),
    legend: methods.map((method) => legendRow(method, hides)),
    said: element("p", { class: "tlr-said", role: "status" }),
    scenes: element("div", { class: "tlr-scenes", role: "group", "aria-label": "Scenes" }),
    ...player,
    ...tools,
  };
  parts.play?.classList.add("tlr-play");
  const side = element("div", { class: "tlr-side" }, [
    element("div", {}, [parts.scenes, shownControls(parts.controls)]),
    element("div", { class: "tlr-legend", role: "group", "aria-label": "Methods" }, parts.legend.map((row) => row.made)),
  ]);
  parts.root = element("div", { class: `tlr-explorer tlr-${name}`, "data-lm-suppress-shortcuts": "true" }, [
    element("div", { class: "tlr-field" }, [...Object.values(above), parts.hint]),
    side,
    element("div", { class: "tlr-player" }, Object.values(player)),
    element("div", { class: "tlr-panels" }, Object.values(below)),
    element("div", { class: "tlr-tools" }, Object.values(tools)),
    element("p", { class: "tlr-keys" }, [`${about} Keys: ${keys}, ${steps ? PLAYER_KEYS : ""}${COMMON_KEYS}`]),
    parts.said,
    parts.tip,
  ]);
  if (!hint) parts.hint.remove();
  return parts;
}
