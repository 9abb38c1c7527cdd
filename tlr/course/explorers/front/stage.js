// What every explorer in the page shares: settings that follow the model, a clock, keys, and one drawing a frame.

import { asHash } from "./address.js";
import { threeDigits } from "./controls.js";
import { element } from "./element.js";
import { build, icon } from "./elements.js";
import { copy, download, pictureOf } from "./keeping.js";
import { clamp } from "./numbers.js";
import { surface } from "./picture.js";

const PER_SECOND = 18;
const CALM = 2 / 9;
const QUIET = 500;

// What is not listed here is for `build`. The settings are those of the controls, `others`, and `clockName`, the time at
// rest, where there is one; every method of the legend shows or hides one of the `rules` if they are among them, and so
// does its number on the keyboard. `run` begins: compute(settings) after each change of one, draw() for a frame, pin()
// for what stays as a ghost, and key(right, up, key) for what a key on the first canvas does: arrows lead that many steps
// right and up. What `opens` stands at its start, and plays once when it is seen.
export function stage({ model, el }, { others = [], steps = 0, perSecond = PER_SECOND, clockName = "step", opens = false, ...shown }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const { controls, scenes = [] } = model.get("scene");
  const hides = others.includes("rules");
  const parts = build({ controls, steps, hides, unit: clockName === "step" ? "t" : clockName, ...shown });
  const names = [...controls.map(({ name }) => name), ...others, ...(steps ? [clockName] : [])];
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const original = read();
  const surfaces = Object.fromEntries(Object.entries(parts.canvases).map(([name, canvas]) => [name, surface(canvas)]));
  const field = Object.values(surfaces)[0];
  const self = {
    parts,
    surfaces,
    steps,
    settings: read(),
    time: Math.min(original[clockName] ?? steps, steps),
    playing: false,
    pinned: null,
    get t() {
      return Math.floor(self.time);
    },
  };
  let [request, stamp, clock, speaking, last, acts] = [0, null, self.time, 0, "", null];
  const address = model.address ?? model.get("address");
  const past = [];
  let [kept, opening] = [original, null];

  function tick(now) {
    request = 0;
    if (self.playing) advance(now);
    if (field.width) acts.draw();
    if (parts.player) showClock();
    if (self.playing) self.schedule();
  }

  function showClock() {
    const { t } = self;
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
    const { t } = self;
    if (!names.includes(clockName) || self.settings[clockName] === t) return;
    self.settings[clockName] = t;
    model.set(clockName, t);
    model.save_changes();
  }

  self.goTo = (t) => {
    const low = parts.scrub ? Number(parts.scrub.min) : 0;
    self.time = clock = clamp(t, low, steps);
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
    const { rule, rules } = self.settings;
    for (const { made, method } of parts.legend) {
      if (rules) made.setAttribute("aria-pressed", String(rules.includes(method.rule)));
      if (rule) made.hidden = method.rule !== rule;
    }
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
      return [name, threeDigits(clamp(value, low, high))];
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
    const settings = parts.player ? { ...self.settings, [clockName]: self.t } : self.settings;
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
    if (self.playing) return;
    clearTimeout(speaking);
    if (text === last) return;
    speaking = setTimeout(() => {
      last = parts.said.textContent = text;
      field.canvas.setAttribute("aria-description", text);
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
      ".": () => self.goTo(self.t + 1),
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
    const action = (event.target === field.canvas && acts.key?.(...arrows(event), event.key)) || shortcuts[event.key] || shortcuts[event.key.toLowerCase()];
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

  function wireToggle({ made, method: { rule } }, i) {
    const toggle = () => {
      const { rules } = self.settings;
      self.change({ rules: rules.includes(rule) ? rules.filter((each) => each !== rule) : [...rules, rule] }, true);
    };
    made.addEventListener("click", toggle);
    shortcuts[String(i + 1)] = toggle;
  }

  function wire() {
    parts.controls.forEach((control) => control.wire((value, done) => self.change({ [control.name]: value }, done)));
    const tools = { undo, reset: self.reset, pin, link: copyLink, save: savePicture, full: fullScreen, large: toggleLarge };
    if (parts.player) {
      Object.assign(tools, { play: self.toggle, back: shortcuts[","], step: shortcuts["."], again: shortcuts.Home });
      parts.scrub.addEventListener("input", () => self.goTo(parts.scrub.valueAsNumber));
    }
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
    if (hides) parts.legend.forEach(wireToggle);
  }

  function openWhenSeen() {
    self.time = clock = 0;
    opening = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && self.replay(), { threshold: 0.6 });
    opening.observe(field.canvas);
  }

  // On paper nothing moves.
  function toEnd() {
    if (!opens || self.settings[clockName] !== steps) return;
    self.goTo(steps);
    acts.draw();
  }

  self.run = (actions) => {
    acts = actions;
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

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const FAST = 5;

// How far right and up a key leads, in steps.
function arrows({ key, shiftKey }) {
  return (ARROWS[key] ?? [undefined, undefined]).map((sign) => sign && sign * (shiftKey ? FAST : 1));
}

// Beside each method of the legend, what became of its race.
export function tell({ parts }, races, fate) {
  for (const { method, say } of parts.legend) {
    const race = races.find((each) => each.method === method);
    say(race ? fate(race.run) : "");
  }
}

// Runs as they stay when they are pinned.
export const ghosts = (races) => races.map(({ method, run }) => ({ method: { ...method, ghost: true }, run }));

// What a mouse, a finger or a pen does to a canvas; places are in CSS pixels from its upper left corner. `read` returns
// the lines of text that pointing at a place shows, if any.
export function onPointer({ save, parts: { tip } }, { canvas }, { press, drag = press, release = save, read }) {
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !press) return;
    canvas.setPointerCapture(event.pointerId);
    tip.hide();
    press(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (canvas.hasPointerCapture(event.pointerId)) return drag(...at);
    const lines = read(...at);
    return lines ? tip.show(canvas, ...at, lines) : tip.hide();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (event.button === 0 && press) release();
  });
  canvas.addEventListener("pointerleave", tip.hide);
}

// The panels over the steps: a press or a drag moves the time line, and pointing reads every method where it points.
// `read(t)` returns a line of text for each.
export function timePanels(scene, names, read) {
  for (const name of names) {
    const panel = scene.surfaces[name];
    const timeAt = (x) => clamp(Math.round(panel.axes.x.back(x)), 0, scene.steps);
    const lines = (t) => [`${scene.parts.unit} = ${t}`, ...read(t)];
    onPointer(scene, panel, { press: (x) => scene.goTo(timeAt(x)), read: (x) => lines(timeAt(x)) });
  }
}
