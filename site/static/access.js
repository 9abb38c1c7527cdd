// What scrolls by itself can be scrolled with keys.
const SCROLLING = ".content pre, .content .table-wrapper, .content .math-wrapper, .content div.math";

function makeFocusable() {
  for (const box of document.querySelectorAll(SCROLLING)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

// A link into a page leads to where its target is once the formulas and explorers above it have their height; not after
// the reader has moved on.
let moved = false;
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"])
  window.addEventListener(kind, () => (moved = true), { once: true, passive: true });

function findPlace() {
  const place = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (place && !moved) place.scrollIntoView({ behavior: "instant" });
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  new ResizeObserver(findPlace).observe(document.querySelector(".content")); // calls once at its beginning, too
  makeFocusable();
  window.addEventListener("resize", makeFocusable);
});
