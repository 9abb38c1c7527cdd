// Controls that keep what they are given: a slider over round values beside a field in which any number can be typed.

import { element } from "./elements.js";

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

// The number that a text means, within the limits of its control; null for what is none. Fractions are numbers too.
export function typed(text, { low, high, whole }) {
  const match = /^([-+.\de]+)(?:\/([-+.\de]+))?$/i.exec(text.replace(/\s/g, "").replace(/−/g, "-").replace(",", "."));
  const value = match ? Number(match[1]) / Number(match[2] ?? 1) : NaN;
  if (Number.isNaN(value)) return null;
  return Math.min(Math.max(whole ? Math.round(value) : value, low), high);
}

export const threeDigits = (value) => Number(value.toPrecision(3));

function nearest(values, value) {
  let found = 0;
  values.forEach((each, i) => {
    if (Math.abs(each - value) < Math.abs(values[found] - value)) found = i;
  });
  return found;
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

function numberControl(control) {
  const values = roundValues(control);
  const slider = element("input", {
    type: "range",
    min: 0,
    max: values.length - 1,
    step: 1,
    "aria-label": control.label,
  });
  const field = element("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    class: "tlr-number",
    "aria-label": `${control.label}, any number`,
  });
  const unit = element("span", { class: "tlr-unit" }, [control.unit]);
  const name = element("span", { class: "tlr-label" }, [control.label]);
  const row = element("div", { class: "tlr-row", title: control.hint }, [name, slider, field, unit]);
  let shown = NaN;
  const write = () => {
    field.value = String(shown).replace("-", "−").replace("e−", "e-");
  };
  return {
    name: control.name,
    row,
    show(value) {
      shown = value;
      slider.value = nearest(values, value);
      slider.setAttribute("aria-valuetext", String(value) + control.unit);
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

function choiceControl(control) {
  const options = control.options.map(([value, label]) => element("option", { value }, [label]));
  const menu = element("select", { "aria-label": control.label }, options);
  const name = element("span", { class: "tlr-label" }, [control.label]);
  return {
    name: control.name,
    row: element("div", { class: "tlr-row tlr-choice", title: control.hint }, [name, menu]),
    show(value) {
      menu.value = value;
    },
    wire(change) {
      menu.addEventListener("change", () => change(menu.value, true));
    },
  };
}

export const makeControl = (control) => (control.options ? choiceControl(control) : numberControl(control));
