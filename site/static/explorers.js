// Explorers in frames: each is as high as what it holds, and has the theme of the page.
const frames = () => [...document.querySelectorAll("iframe.explorer")];

function themeOf() {
  const chosen = document.body.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

window.addEventListener("message", ({ source, data }) => {
  const frame = frames().find(({ contentWindow }) => contentWindow === source);
  if (!frame || !data?.tlrHeight) return;
  frame.style.height = `${data.tlrHeight}px`;
  source.postMessage({ tlrTheme: themeOf() }, "*");
});

window.addEventListener("DOMContentLoaded", () => {
  const tell = () => frames().forEach(({ contentWindow }) => contentWindow.postMessage({ tlrTheme: themeOf() }, "*"));
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
});
