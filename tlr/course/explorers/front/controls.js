// Controls that keep what they are given: a slider over round values beside a field in which any number can be typed.

import { element } from "./element.js";
import { clamp, numberIn } from "./numbers.js";

// The rules that listen to each option.
export const LISTENERS = { c: ["published", "secant"], eta: ["naive"], beta: ["hypergradient"] };

const PER_DECADE = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

// The values that a slider stops at, both ends among them.
export function roundValues({ low, high, log, step }) {
  const found = [];
  if (log) {
    for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++)
      found.push(...PER_DECADE.map((mantissa) => Number(`${mantissa}e${exponent}`)));
  } else {
    for (let i = 0; i <= Math.round((high - low) / step); i++) found.push(Number((low + i * step).toFixed(10)));
  }
  return [low, ...found.filter((value) => value > low && value < high), high];
}

export const limited = (value, { low, high, whole }) => clamp(whole ? Math.round(value) : value, low, high);

// The number that a text means, within the limits of its control; null for what is none.
export function typed(text, control) {
  const value = numberIn(text);
  return Number.isNaN(value) ? null : limited(value, control);
}

export const threeDigits = (value) => Number(value.toPrecision(3));

function nearest(values, value) {
  const off = values.map((each) => Math.abs(each - value));
  return off.indexOf(Math.min(...off));
}

// Where a key leads from any value, one between two stops included.
export function keyed(values, value, key) {
  const [low, high] = [values[0], values.at(-1)];
  if (key === "Home") return low;
  if (key === "End") return high;
  if (key === "ArrowRight" || key === "ArrowUp") return values.find((each) => each > value) ?? high;
  if (key === "ArrowLeft" || key === "ArrowDown") return values.findLast((each) => each < value) ?? low;
  return undefined;
}

const labelOf = (label) => element("span", { class: "tlr-label" }, [label]);

function numberControl(control) {
  const values = roundValues(control);
  const { name, label, unit, hint } = control;
  const slider = element("input", { type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label });
  const field = element("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    class: "tlr-number",
    "aria-label": `${label}, any number`,
  });
  const row = element("div", { class: "tlr-row", title: hint }, [labelOf(label), slider, field, element("span", {}, [unit])]);
  let shown = NaN;
  const write = () => {
    field.value = String(shown).replace("-", "−").replace("e−", "e-");
  };
  return {
    name,
    row,
    show(value) {
      shown = value;
      slider.value = nearest(values, value);
      slider.setAttribute("aria-valuetext", String(value) + unit);
      if (!field.matches(":focus")) write();
    },
    wire(change) {
      slider.addEventListener("input", () => change(values[slider.valueAsNumber], false));
      slider.addEventListener("change", () => change(values[slider.valueAsNumber], true));
      slider.addEventListener("keydown", (event) => {
        const value = keyed(values, shown, event.key);
        if (value === undefined) return;
        event.preventDefault();
        change(value, true);
      });
      field.addEventListener("change", () => {
        const value = typed(field.value, control);
        if (value !== null) change(value, true);
        write();
      });
    },
  };
}

function choiceControl({ name, label, hint, options }) {
  const menu = element("select", { "aria-label": label }, options.map(([value, text]) => element("option", { value }, [text])));
  return {
    name,
    row: element("div", { class: "tlr-row", title: hint }, [labelOf(label), menu]),
    show(value) {
      menu.value = value;
    },
    wire(change) {
      menu.addEventListener("change", () => change(menu.value, true));
    },
  };
}

export const makeControl = (control) => (control.options ? choiceControl(control) : numberControl(control));
