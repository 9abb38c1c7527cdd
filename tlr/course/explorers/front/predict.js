// A question before a figure: what the reader says is kept, and compared with what is so.

const NEAR = 1.1;

const node = (tag, name, children = [], attributes = {}) => {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// The number that a text means, null for none: 1/3, 1e-5, 10^20, 3·10⁻⁵, "20 %".
export function meant(text) {
  const raised = (all) => `^${[...all].map((each) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(each) - 1).join("").replace("-1", "-")}`;
  const plain = text.replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, raised).replace(/[\s%°]/g, "").replace(/−/g, "-").replace(",", ".");
  const power = /^(?:([-+.\d]+)[·×*x])?10\^([-+]?\d+)$/i.exec(plain);
  const parts = power ? [`${power[1] ?? 1}e${power[2]}`] : plain.split("/");
  const value = Number(parts[0]) / Number(parts[1] ?? 1);
  return parts.length > 2 || parts.includes("") || !Number.isFinite(value) ? null : value;
}

const signed = (number) => String(number).replaceAll("-", "−");

function told(number) {
  if (number === 0 || Math.abs(Math.log10(Math.abs(number))) < 5) return signed(number);
  const [digits, exponent] = number.toExponential().split("e");
  const high = [...exponent.replace("+", "")].map((each) => (each === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[each])).join("");
  return digits === "1" ? `10${high}` : `${signed(digits)} · 10${high}`;
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
  const [verdict, shows] = [node("p", "tlr-verdict"), node("p", "tlr-shows")];
  const heard = node("div", "tlr-told", [verdict, shows], { role: "status" });
  const buttons = choices.map((choice) => node("button", "tlr-option", [choice], { type: "button" }));
  const field = node("input", "tlr-guess", [], {
    type: "text",
    inputmode: "text",
    autocomplete: "off",
    "aria-label": `Your prediction${unit ? `, in ${unit.trim()}` : ", a number"}`,
    placeholder: "a number",
  });
  const form = node("form", "tlr-answer", [field, unit.trim(), node("button", "tlr-option", ["Predict"])]);

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
  const row = choices.length ? node("div", "tlr-answer", buttons, { role: "group", "aria-label": question }) : form;
  const asked = node("p", "tlr-question", [node("strong", "", ["Predict. "]), question]);
  const root = node("div", "tlr-explorer tlr-predict", [asked, row, heard], { "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  model.on("change:said", show);
  show();
  return () => model.off("change:said", show);
}

export default { render };
