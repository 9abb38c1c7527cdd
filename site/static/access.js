// What scrolls by itself can be scrolled with keys.
function makeFocusable() {
  for (const box of document.querySelectorAll(".content pre, .content .table-wrapper, .content div.math")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  makeFocusable();
  window.addEventListener("resize", makeFocusable);
});
