// A question before a figure: what the reader says is kept, and compared with what is so.

import { element } from "./element.js";
import { numberIn, powerOfTen } from "./numbers.js";

const NEAR = 1.1;

// The number that a text means, null for none.
export function meant(text) {
  const value = numberIn(text);
  return Number.isFinite(value) ? value : null;
}

const signed = (number) => String(number).replaceAll("-", "−");

function told(number) {
  if (number === 0 || Math.abs(Math.log10(Math.abs(number))) < 5) return signed(number);
  const [digits, exponent] = number.toExponential().split("e");
  return (digits === "1" ? "" : `${signed(digits)} · `) + powerOfTen(Number(exponent));
}

// What is said of a prediction.
export function compared(said, { answer, choices, unit }) {
  if (choices.length) {
    return said === answer ? `You said “${said}”, and so it is.` : `You said “${said}”; the answer is “${answer}”.`;
  }
  const [guess, is] = [meant(said), `${told(answer)}${unit}`];
  const factor = guess / answer > 0 ? Math.max(guess / answer, answer / guess) : Infinity;
  let off = "";
  if (guess === answer || factor < NEAR) off = " Well predicted.";
  else if (factor < Infinity) {
    const side = Math.abs(guess) > Math.abs(answer) ? "large" : "small";
    off = ` Too ${side} by a factor of ${told(Number(factor.toPrecision(2)))}.`;
  }
  return `You said ${said.trim()}${said.includes(unit.trim()) ? "" : unit}; it is ${is}.${off}`;
}

function render({ model, el }) {
  const { question, answer, reveals, choices, unit } = model.get("scene");
  const [verdict, shows] = [element("p", { class: "tlr-verdict" }), element("p")];
  const heard = element("div", { role: "status" }, [verdict, shows]);
  const option = (label, type) => element("button", { class: "tlr-option", type }, [label]);
  const buttons = choices.map((choice) => option(choice, "button"));
  const field = element("input", {
    class: "tlr-guess",
    type: "text",
    autocomplete: "off",
    "aria-label": `Your prediction${unit ? `, in ${unit.trim()}` : ", a number"}`,
    placeholder: "a number",
  });
  const form = element("form", { class: "tlr-answer" }, [field, unit.trim(), option("Predict", "submit")]);

  // The first answer counts.
  function say(text) {
    if (model.get("said")) return;
    if (!choices.length && meant(text) === null) {
      verdict.textContent = "Type a number, such as 3, 0.5, 1/3 or 10^6.";
      return;
    }
    model.set("said", text);
    model.save_changes();
    show();
  }

  function show() {
    const said = model.get("said");
    field.value = said || field.value;
    field.readOnly = Boolean(said);
    root.classList.toggle("tlr-said-so", Boolean(said));
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(choices[i] === said));
      button.classList.toggle("tlr-right", Boolean(said) && choices[i] === answer);
    });
    verdict.textContent = said && compared(said, { answer, choices, unit });
    shows.textContent = said && reveals;
  }

  buttons.forEach((button, i) => button.addEventListener("click", () => say(choices[i])));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(field.value);
  });
  const row = choices.length ? element("div", { class: "tlr-answer", role: "group", "aria-label": question }, buttons) : form;
  const asked = element("p", {}, [element("strong", {}, ["Predict. "]), question]);
  const root = element("div", { class: "tlr-explorer tlr-predict", "data-lm-suppress-shortcuts": "true" }, [asked, row, heard]);
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  model.on("change:said", show);
  show();
  return () => model.off("change:said", show);
}

export default { render };
