// A JPEG that the kernel draws, and where the pointer is on it.

function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "widget-image tlr-pointed";
  image.alt = model.get("text");
  Object.assign(image.style, { maxWidth: "100%", cursor: "crosshair", touchAction: "manipulation" });
  image.width = model.get("width");

  function show() {
    const before = image.src;
    image.src = URL.createObjectURL(new Blob([model.get("value")], { type: "image/jpeg" }));
    if (before) URL.revokeObjectURL(before);
  }

  function say(name, place) {
    model.set(name, place);
    model.save_changes();
  }

  function place(event) {
    const box = image.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (box.bottom - event.clientY) / box.height];
  }

  image.addEventListener("pointermove", (event) => say("hovered", place(event)));
  image.addEventListener("pointerleave", () => say("hovered", []));
  image.addEventListener("click", (event) => say("pressed", place(event)));
  model.on("change:value", show);
  show();
  el.append(image);
  return () => {
    model.off("change:value", show);
    URL.revokeObjectURL(image.src);
  };
}

export default { render };
