// Numbers as people write them.

const SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";
const PLAIN = "-0123456789";

export const powerOfTen = (exponent) => "10" + [...String(exponent)].map((sign) => SUPERSCRIPTS[PLAIN.indexOf(sign)]).join("");

// The number that a text means, NaN for none: 1/3, 1e-5, 10^20, 3·10⁻⁵, "20 %".
export function numberIn(text) {
  const lowered = (all) => `^${[...all].map((sign) => PLAIN[SUPERSCRIPTS.indexOf(sign)]).join("")}`;
  const plain = text.replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, lowered).replace(/[\s%°]/g, "").replace(/−/g, "-").replace(",", ".");
  const power = (_, digits = 1, exponent) => `${digits}e${exponent}`;
  const match = /^([-+.\de]+)(?:\/([-+.\de]+))?$/i.exec(plain.replace(/^(?:([-+.\d]+)[·×*x])?10\^([-+]?\d+)$/i, power));
  return match ? Number(match[1]) / Number(match[2] ?? 1) : NaN;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
