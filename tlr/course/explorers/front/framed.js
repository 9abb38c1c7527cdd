// In a frame: the frame's page hears how high this one is, and says which theme it has.

if (window.parent !== window) {
  const tell = () => window.parent.postMessage({ tlrHeight: place.firstElementChild.offsetHeight }, "*");
  new ResizeObserver(tell).observe(place.firstElementChild);
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || !["light", "dark"].includes(data?.tlrTheme)) return;
    document.documentElement.dataset.theme = data.tlrTheme;
    window.dispatchEvent(new Event("resize"));
  });
}
