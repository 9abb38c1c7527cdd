// What is larger than its slide is drawn smaller. It can be measured only while its slide is shown.
function fit() {
  const slide = Reveal.getCurrentSlide();
  for (const formula of slide.querySelectorAll("mjx-container")) {
    const place = formula.parentElement.closest("p, li, td, div");
    const [room, wanted] = [place, formula.firstElementChild].map((element) => element.getBoundingClientRect().width);
    if (wanted > room) formula.style.fontSize = `${(parseFloat(formula.style.fontSize) * room) / wanted}%`;
  }
  const height = Reveal.getConfig().height;
  if (slide.scrollHeight > height && !slide.querySelector("iframe")) {
    slide.style.fontSize = `${(100 * height) / slide.scrollHeight}%`;
  }
}

window.addEventListener("load", async () => {
  await MathJax.startup.promise;
  Reveal.on("slidechanged", fit);
  fit();
});
