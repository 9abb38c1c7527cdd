// A slide's pictures take the height that its text leaves. Text that is too much for a slide is drawn smaller, but not
// below SMALLEST pixels: then the slide holds too much, and a test says so. It is measured while its slide is shown.
const [LARGEST, SMALLEST, EXPLORERS] = [50, 21, 0.87];

function fit(slide) {
  const { height } = Reveal.getConfig();
  const pictures = [...slide.querySelectorAll("img, iframe")];
  const over = () => slide.scrollHeight > height || (slide.scrollWidth > slide.clientWidth && !slide.querySelector("iframe"));
  slide.style.fontSize = "";
  for (const picture of pictures) Object.assign(picture.style, { height: "0px", marginBottom: "0px" });
  for (let size = LARGEST; over() && size > SMALLEST; size--) slide.style.fontSize = `${size}px`;
  const room = (height - slide.scrollHeight - 8) / pictures.length;
  for (const picture of pictures) {
    const scale = picture.tagName === "IFRAME" ? EXPLORERS : 1;
    Object.assign(picture.style, { height: `${room / scale}px`, marginBottom: `${room - room / scale}px` });
  }
}

window.addEventListener("load", async () => {
  if (window.MathJax) await MathJax.startup.promise;
  Reveal.on("slidechanged", ({ currentSlide }) => fit(currentSlide));
  Reveal.on("pdf-ready", () => Reveal.getSlides().forEach(fit));
  fit(Reveal.getCurrentSlide());
});
