// An explorer in a page of its own: a model that only remembers, in the page's address too.

import { asHash, fromHash } from "./address.js";

function ownModel(state) {
  const told = fromHash(location.hash, state);
  Object.assign(state, told);
  window.addEventListener("hashchange", () => location.reload());
  return {
    linked: Object.keys(told).length > 0,
    address: location.href.split("#")[0],
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
    },
    save_changes() {
      const { scene: _, ...settings } = state;
      history.replaceState(null, "", `#${asHash(settings)}`);
    },
    on() {},
    off() {},
  };
}

// In a frame: the frame's page hears how high this one is, and says which theme it has.
function tellFrame(root) {
  if (window.parent === window) return;
  const tell = () => window.parent.postMessage({ tlrHeight: root.offsetHeight }, "*");
  new ResizeObserver(tell).observe(root);
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || !["light", "dark"].includes(data?.tlrTheme)) return;
    document.documentElement.dataset.theme = data.tlrTheme;
    document.documentElement.style.overflow = "hidden"; // the frame is as high as this: no room for scroll bars
    window.dispatchEvent(new Event("resize"));
  });
}
