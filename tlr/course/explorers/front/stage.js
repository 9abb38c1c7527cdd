// What every explorer in the page shares: settings that follow the model, a clock, keys, and one drawing a frame.

import { element, icon } from "./elements.js";
import { surface } from "./picture.js";

const PER_SECOND = 18;
const CALM = 2 / 9;
const QUIET = 500;

// `parts` are those of `build`; `names` the settings, of which `clockName`, where there is one, is the time at rest.
// `run` begins: compute(settings) after each change of one, draw() for a frame, and what keys do.
export function stage({ model, el }, { names, parts, steps = 0, perSecond = PER_SECOND, clockName = "step" }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const original = read();
  const surfaces = Object.fromEntries(Object.entries(parts.canvases).map(([name, canvas]) => [name, surface(canvas)]));
  const self = { settings: read(), surfaces, time: original[clockName] ?? steps, playing: false, calm, steps };
  let [request, stamp, clock, speaking, last, acts] = [0, null, self.time, 0, "", null];

  function tick(now) {
    request = 0;
    if (self.playing) advance(now);
    if (Object.values(surfaces)[0].width) acts.draw();
    if (parts.player) showClock();
    if (self.playing) self.schedule();
  }

  function showClock() {
    const t = Math.floor(self.time);
    parts.clock.textContent = `${parts.unit} = ${t}`;
    parts.scrub.value = t;
    parts.scrub.setAttribute("aria-valuetext", `${parts.unit} = ${t}`);
  }

  // However many events arrive between two frames, one drawing answers them all.
  self.schedule = () => {
    request ||= requestAnimationFrame(tick);
  };

  function advance(now) {
    const rate = perSecond * (calm.matches ? CALM : 1);
    clock += stamp === null ? 0 : ((now - stamp) / 1000) * rate;
    stamp = now;
    self.time = Math.min(calm.matches ? Math.floor(clock) : clock, steps);
    if (self.time >= steps) self.play(false);
  }

  self.play = (on) => {
    self.playing = on;
    stamp = null;
    parts.play.replaceChildren(icon(on ? "pause" : "play"), element("span", {}, [on ? "Pause" : "Play"]));
    if (!on) rest();
    self.schedule();
  };

  function rest() {
    const t = Math.floor(self.time);
    if (!names.includes(clockName) || self.settings[clockName] === t) return;
    self.settings[clockName] = t;
    model.set(clockName, t);
    model.save_changes();
  }

  self.goTo = (t) => {
    const low = parts.scrub ? Number(parts.scrub.min) : 0;
    self.time = clock = Math.min(Math.max(t, low), steps);
    self.play(false);
  };

  self.toggle = () => {
    if (!self.playing && self.time >= steps) self.goTo(0);
    clock = self.time;
    self.play(!self.playing);
  };

  // From the start to the end; at once where nothing should move by itself.
  self.replay = () => {
    self.goTo(calm.matches ? steps : 0);
    if (!calm.matches) self.play(true);
  };

  function settle() {
    acts.compute(self.settings);
    parts.controls.forEach(({ name, show }) => show(self.settings[name]));
    self.schedule();
  }

  self.change = (changed, done = false) => {
    self.settings = { ...self.settings, ...changed };
    settle();
    for (const [name, value] of Object.entries(changed)) model.set(name, value);
    if (done) model.save_changes();
  };

  self.save = () => model.save_changes();

  self.reset = () => {
    self.change(original, true);
    if (clockName in original) self.goTo(original[clockName]);
  };

  // What a reader who does not see the picture should hear, once it has come to rest.
  self.say = (text) => {
    clearTimeout(speaking);
    if (text === last) return;
    speaking = setTimeout(() => {
      last = parts.said.textContent = text;
    }, QUIET);
  };

  function toggleLarge() {
    const large = parts.root.classList.toggle("tlr-large");
    parts.large.setAttribute("aria-pressed", String(large));
    measure();
  }

  function measure() {
    const unit = parseFloat(getComputedStyle(parts.root).fontSize);
    parts.root.classList.toggle("tlr-narrow", parts.root.clientWidth < 46 * unit);
    for (const each of Object.values(surfaces)) {
      Object.assign(each, { width: each.canvas.clientWidth, height: each.canvas.clientHeight, unit });
    }
    self.schedule();
  }

  const shortcuts = { l: toggleLarge, r: self.reset };
  if (parts.player) {
    Object.assign(shortcuts, {
      " ": self.toggle,
      ",": () => self.goTo(Math.ceil(self.time) - 1),
      ".": () => self.goTo(Math.floor(self.time) + 1),
      Home: () => self.goTo(0),
      End: () => self.goTo(steps),
    });
  }

  // What a focused control does with a key by itself stays its own.
  function ownKey({ key, target }) {
    if (target.tagName === "BUTTON") return key === " ";
    if (target.tagName === "SELECT") return true;
    return target.tagName === "INPUT" && (target.type === "text" || /Home|End/.test(key));
  }

  function onKey(event) {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey || ownKey(event)) return;
    const action = acts.key?.(event) || shortcuts[event.key] || shortcuts[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  function onModel() {
    if (names.every((name) => String(model.get(name)) === String(self.settings[name]))) return;
    const before = self.settings[clockName];
    self.settings = read();
    settle();
    if (self.settings[clockName] !== before) self.goTo(self.settings[clockName]);
  }

  function wire() {
    parts.controls.forEach((control) => control.wire((value, done) => self.change({ [control.name]: value }, done)));
    parts.reset.addEventListener("click", self.reset);
    parts.large.addEventListener("click", toggleLarge);
    parts.root.addEventListener("keydown", onKey);
    if (!parts.player) return;
    parts.play.addEventListener("click", self.toggle);
    parts.back.addEventListener("click", shortcuts[","]);
    parts.step.addEventListener("click", shortcuts["."]);
    parts.again.addEventListener("click", shortcuts.Home);
    parts.scrub.addEventListener("input", () => self.goTo(parts.scrub.valueAsNumber));
  }

  self.run = (actions) => {
    acts = actions;
    Object.assign(shortcuts, actions.shortcuts);
    el.append(parts.root);
    wire();
    settle();
    const resizing = new ResizeObserver(measure);
    resizing.observe(parts.root);
    dark.addEventListener("change", self.schedule);
    names.forEach((name) => model.on(`change:${name}`, onModel));
    return () => {
      resizing.disconnect();
      cancelAnimationFrame(request);
      clearTimeout(speaking);
      self.playing = false;
      dark.removeEventListener("change", self.schedule);
      names.forEach((name) => model.off(`change:${name}`, onModel));
    };
  };

  return self;
}

// What a mouse, a finger or a pen does to a canvas; places are in CSS pixels from its upper left corner.
export function onPointer(canvas, { press, drag, release, hover, leave }) {
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !press) return;
    canvas.setPointerCapture(event.pointerId);
    leave?.();
    press(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) drag?.(...place(event));
    else hover?.(...place(event));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (event.button === 0 && press) release?.();
  });
  canvas.addEventListener("pointerleave", () => leave?.());
}

// The panels over the steps: a press or a drag moves the time line, and pointing reads every method where it points.
// `read(t)` returns a line of text for each.
export function timePanels(scene, parts, names, read) {
  for (const name of names) {
    const panel = scene.surfaces[name];
    const timeAt = (x) => Math.min(Math.max(Math.round(panel.axes.x.back(x)), 0), scene.steps);
    const move = (x) => scene.goTo(timeAt(x));
    onPointer(panel.canvas, {
      press: move,
      drag: move,
      hover: (x, y) => parts.tip.show(panel.canvas, x, y, [`${parts.unit} = ${timeAt(x)}`, ...read(timeAt(x))]),
      leave: parts.tip.hide,
    });
  }
}
