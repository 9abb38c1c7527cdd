// What every explorer in the page shares: settings that follow the model, a clock, keys, and one drawing a frame.

import { threeDigits } from "./controls.js";
import { element, icon } from "./elements.js";
import { asHash, copy, download, pictureOf } from "./keeping.js";
import { surface } from "./picture.js";

const PER_SECOND = 18;
const CALM = 2 / 9;
const QUIET = 500;

// `parts` are those of `build`; the settings those of the controls, `others`, and `clockName`, the time at rest, where there is one.
// `run` begins: compute(settings) after each change of one, draw() for a frame, pin() for what stays as a ghost, and what
// keys do. What `opens` stands at its start, and plays once when it is seen.
export function stage({ model, el }, { others = [], parts, steps = 0, perSecond = PER_SECOND, clockName = "step", opens = false }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const { controls, scenes = [] } = model.get("scene");
  const names = [...controls.map(({ name }) => name), ...others, ...(steps ? [clockName] : [])];
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const original = read();
  const surfaces = Object.fromEntries(Object.entries(parts.canvases).map(([name, canvas]) => [name, surface(canvas)]));
  const self = { settings: read(), surfaces, time: Math.min(original[clockName] ?? steps, steps), playing: false, calm, steps, pinned: null };
  let [request, stamp, clock, speaking, last, acts] = [0, null, self.time, 0, "", null];
  const address = model.address ?? model.get("address");
  const past = [];
  let [kept, opening] = [original, null];

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
    opening?.disconnect();
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
    parts.hint.classList.add("tlr-gone");
    self.settings = { ...self.settings, ...changed };
    settle();
    for (const [name, value] of Object.entries(changed)) model.set(name, value);
    if (done) self.save();
  };

  // What a hand draws: three digits are all that it means, within the limits of its control.
  self.take = (drawn, done) => {
    const within = ([name, value]) => {
      const { low, high } = controls.find((each) => each.name === name);
      return [name, threeDigits(Math.min(Math.max(value, low), high))];
    };
    self.change(Object.fromEntries(Object.entries(drawn).map(within)), done);
  };

  const timeless = ({ [clockName]: _, ...settings }) => settings;
  const differ = (one, other) => JSON.stringify(timeless(one)) !== JSON.stringify(timeless(other));

  // What was changed is one thing that Undo takes back, however many values a hand passed on the way.
  self.save = () => {
    if (differ(kept, self.settings)) past.push(timeless(kept));
    kept = self.settings;
    parts.undo.disabled = !past.length;
    model.save_changes();
  };

  function undo() {
    if (!past.length) return;
    kept = { ...self.settings, ...past.pop() };
    self.change(kept, true);
  }

  self.reset = () => {
    self.change(original, true);
    if (clockName in original) self.goTo(original[clockName]);
  };

  function toScene(settings) {
    self.change({ ...timeless(original), ...settings }, true);
    if (parts.player && !(clockName in settings)) self.replay();
    else if (parts.player) self.goTo(settings[clockName]);
  }

  function pin() {
    self.pinned = self.pinned ? null : acts.pin();
    parts.pin.setAttribute("aria-pressed", String(self.pinned !== null));
    self.schedule();
  }

  async function copyLink() {
    const settings = parts.player ? { ...self.settings, [clockName]: Math.floor(self.time) } : self.settings;
    await copy(`${address}#${asHash(settings)}`, parts.root);
    parts.said.textContent = parts.link.textContent = "Link copied";
    setTimeout(() => {
      parts.link.textContent = "Copy link";
    }, 2000);
  }

  const savePicture = () => download(pictureOf(parts, Object.values(surfaces), acts.draw), "explorer.png");
  const fullScreen = () => (document.fullscreenElement ? document.exitFullscreen() : parts.root.requestFullscreen());

  // What a reader who does not see the picture should hear, once it has come to rest.
  self.say = (text) => {
    clearTimeout(speaking);
    if (text === last) return;
    speaking = setTimeout(() => {
      last = parts.said.textContent = text;
      Object.values(surfaces)[0].canvas.setAttribute("aria-description", text);
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

  const shortcuts = { f: fullScreen, l: toggleLarge, p: pin, r: self.reset, s: savePicture };
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
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && event.target.type !== "text") {
      event.preventDefault();
      undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || ownKey(event)) return;
    const action = acts.key?.(event) || shortcuts[event.key] || shortcuts[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  function onModel() {
    if (names.every((name) => String(model.get(name)) === String(self.settings[name]))) return;
    const before = self.settings[clockName];
    self.settings = kept = read();
    settle();
    if (self.settings[clockName] !== before) self.goTo(self.settings[clockName]);
  }

  function wire() {
    parts.controls.forEach((control) => control.wire((value, done) => self.change({ [control.name]: value }, done)));
    const tools = { undo, reset: self.reset, pin, link: copyLink, save: savePicture, full: fullScreen, large: toggleLarge };
    for (const [name, act] of Object.entries(tools)) parts[name].addEventListener("click", act);
    parts.undo.disabled = true;
    parts.link.hidden = !address;
    parts.full.hidden = !document.fullscreenEnabled;
    for (const [name, settings] of scenes) {
      const chip = element("button", { type: "button" }, [name]);
      chip.addEventListener("click", () => toScene(settings));
      parts.scenes.append(chip);
    }
    parts.root.addEventListener("keydown", onKey);
    if (!parts.player) return;
    parts.play.addEventListener("click", self.toggle);
    parts.back.addEventListener("click", shortcuts[","]);
    parts.step.addEventListener("click", shortcuts["."]);
    parts.again.addEventListener("click", shortcuts.Home);
    parts.scrub.addEventListener("input", () => self.goTo(parts.scrub.valueAsNumber));
  }

  function openWhenSeen() {
    self.time = clock = 0;
    opening = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && self.replay(), { threshold: 0.6 });
    opening.observe(Object.values(surfaces)[0].canvas);
  }

  // On paper nothing moves.
  function toEnd() {
    if (!opens || self.settings[clockName] !== steps) return;
    self.goTo(steps);
    acts.draw();
  }

  self.run = (actions) => {
    acts = actions;
    Object.assign(shortcuts, actions.shortcuts);
    el.append(parts.root);
    wire();
    settle();
    if (opens && !calm.matches && !model.linked && self.time === steps) openWhenSeen();
    const resizing = new ResizeObserver(measure);
    resizing.observe(parts.root);
    const over = new AbortController();
    dark.addEventListener("change", self.schedule, over);
    window.addEventListener("beforeprint", toEnd, over);
    names.forEach((name) => model.on(`change:${name}`, onModel));
    return () => {
      resizing.disconnect();
      opening?.disconnect();
      over.abort();
      cancelAnimationFrame(request);
      clearTimeout(speaking);
      self.playing = false;
      names.forEach((name) => model.off(`change:${name}`, onModel));
    };
  };

  return self;
}

// Every method of the legend shows or hides a rule when it is pressed, and so does its number on the keyboard.
export function ruleToggles(scene, parts) {
  const toggles = parts.legend.map(({ made, method: { rule } }) => {
    const toggle = () => {
      const { rules } = scene.settings;
      scene.change({ rules: rules.includes(rule) ? rules.filter((each) => each !== rule) : [...rules, rule] }, true);
    };
    made.addEventListener("click", toggle);
    return toggle;
  });
  return Object.fromEntries(toggles.map((toggle, i) => [String(i + 1), toggle]));
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const FAST = 5;

// How far right and up a key on a canvas leads, in steps; nothing for any other key.
export function arrows({ key, target, shiftKey }, canvas) {
  return target === canvas && key in ARROWS ? ARROWS[key].map((sign) => sign * (shiftKey ? FAST : 1)) : [];
}

// Runs as they stay when they are pinned.
export const ghosts = (races) => races.map(({ method, run }) => ({ method: { ...method, ghost: true }, run }));

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
