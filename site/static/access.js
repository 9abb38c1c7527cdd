// What scrolls by itself can be scrolled with keys.
const SCROLLING = ".content pre, .content .table-wrapper, .content .math-wrapper, .content div.math";

function makeFocusable() {
  for (const box of document.querySelectorAll(SCROLLING)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  makeFocusable();
  window.addEventListener("resize", makeFocusable);
});
