// The settings in the address of a page.

import { limited } from "./controls.js";

// The settings as the part of an address after "#", and, of those that are told there, back: each within its limits.
export const asHash = (settings) =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${[value].flat().map(encodeURIComponent).join()}`)
    .join("&");

export function fromHash(hash, state) {
  const { controls, methods, steps = Infinity } = state.scene;

  function read(name, text) {
    const [now, parts] = [state[name], text.split(",").map(decoded)];
    const { low = 0, high = steps, whole = true, options } = controls.find((each) => each.name === name) ?? {};
    const numbers = parts.map(Number);
    const good = text !== "" && numbers.every(Number.isFinite);
    if (typeof now === "string") return !options || options.some(([option]) => option === parts[0]) ? parts[0] : now;
    if (typeof now === "number") return good ? limited(numbers[0], { low, high, whole }) : now;
    const rules = parts.filter((part) => methods.some(({ rule }) => rule === part));
    if (rules.length || !text) return rules;
    return good && parts.length === 2 ? numbers : now;
  }

  const told = [...hash.matchAll(/[#&](\w+)=([^&]*)/g)].filter(([, name]) => name !== "scene" && Object.hasOwn(state, name));
  return Object.fromEntries(told.map(([, name, text]) => [name, read(name, text)]));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
