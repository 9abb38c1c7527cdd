// The explorer itself: its clock, and what hands, keys and the kernel do to it.

import { descend, quadratic } from "./descent.js";
import { build, element, icon, toValue } from "./elements.js";
import { HIGHEST, drawBands, drawPanel, drawPlane, frame, short, surface } from "./picture.js";

const PER_SECOND = 18;
const PER_SECOND_CALM = 4;
const NUDGE = 0.05;

function fateOf(run, time) {
  const t = Math.floor(time);
  if (run.diverged !== null && t >= run.diverged) return `diverged at t = ${run.diverged}`;
  return `loss ${short(run.loss[t])}${run.alpha[t] < 0 ? ", α < 0" : ""}`;
}

function render({ model, el }) {
  // What does not change: controls, methods, the draws of the mini-batches, and half the plane's width and height.
  const scene = model.get("scene");
  const { controls, methods, draws, reach } = scene;
  const steps = draws.length;
  const names = [...controls.map(({ name }) => name), "start"];
  const parts = build(scene);
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const original = read();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const planes = { plane: surface(parts.plane), alpha: surface(parts.alpha), loss: surface(parts.loss) };
  const ground = surface(document.createElement("canvas"));
  const hidden = new Set();
  let settings = read();
  let [toy, runs, time, playing, stamp] = [null, [], steps, false, null];
  let [request, groundOf, clock, pointed] = [0, "", steps, null];

  function races() {
    return methods.map((method, i) => ({ method, run: runs[i] })).filter(({ method }) => !hidden.has(method));
  }

  function compute() {
    toy = quadratic(settings);
    runs = methods.map(({ rule }) => descend(rule, toy, settings, draws));
    controls.forEach(({ name }, i) => parts.sliders[i].show(settings[name]));
  }

  function drawGround() {
    const key = [settings.condition, settings.rotation, planes.plane.width, window.devicePixelRatio].join();
    if (key === groundOf) return;
    Object.assign(ground, { width: planes.plane.width, height: planes.plane.height });
    drawBands(ground, toy, reach);
    groundOf = key;
  }

  function drawPanels() {
    // Neither the α of a path that is lost nor that of one beyond all losses drawn says anything any more.
    const shown = (name) =>
      races().map(({ method, run }) => ({
        method,
        values: run[name].slice(0, (run.diverged ?? steps) + 1),
        framed: run[name].filter((_, t) => run.loss[t] <= HIGHEST),
      }));
    const edge = 2 / settings.condition;
    const levels = [
      { value: edge, label: "2/λₘₐₓ", shift: -0.4 },
      { value: edge / 2, label: "1/λₘₐₓ", shift: 0.4 },
    ];
    const best = pointed === null ? null : { method: methods[pointed], values: runs[pointed].best };
    drawPanel(planes.alpha, { title: "learning rate α", series: shown("alpha"), levels, unstable: edge, best, time, steps });
    drawPanel(planes.loss, { title: "loss", series: shown("loss"), levels: [], time, steps });
  }

  function say() {
    methods.forEach((method, i) => {
      const text = fateOf(runs[i], time);
      if (parts.legend[i].fate.textContent !== text) parts.legend[i].fate.textContent = text;
    });
    parts.clock.textContent = `t = ${Math.floor(time)}`;
    parts.scrub.value = Math.floor(time);
  }

  function draw() {
    if (!planes.plane.width) return;
    drawGround();
    drawPlane(planes.plane, ground, reach, races(), settings.start, time);
    drawPanels();
    say();
  }

  function tick(now) {
    request = 0;
    if (playing) advance(now);
    draw();
    if (playing) schedule();
  }

  // However many events arrive between two frames, one drawing answers them all.
  function schedule() {
    request ||= requestAnimationFrame(tick);
  }

  function advance(now) {
    const rate = calm.matches ? PER_SECOND_CALM : PER_SECOND;
    clock += stamp === null ? 0 : ((now - stamp) / 1000) * rate;
    stamp = now;
    time = Math.min(calm.matches ? Math.floor(clock) : clock, steps);
    if (time >= steps) setPlaying(false);
  }

  function setPlaying(on) {
    playing = on;
    stamp = null;
    parts.play.replaceChildren(icon(on ? "pause" : "play"), element("span", {}, [on ? "Pause" : "Play"]));
    schedule();
  }

  function goTo(t) {
    time = clock = Math.min(Math.max(t, 0), steps);
    setPlaying(false);
  }

  function toggle() {
    if (!playing && time >= steps) goTo(0);
    clock = time;
    setPlaying(!playing);
  }

  function race() {
    goTo(calm.matches ? steps : 0);
    if (!calm.matches) setPlaying(true);
  }

  function change(changed) {
    settings = { ...settings, ...changed };
    compute();
    schedule();
    for (const [name, value] of Object.entries(changed)) model.set(name, value);
  }

  function startAt(point) {
    parts.hint.classList.add("tlr-gone");
    change({ start: point.map((x, i) => Math.min(Math.max(x, -reach[i]), reach[i])) });
  }

  function reset() {
    change(original);
    model.save_changes();
  }

  function toggleMethod(i) {
    const method = methods[i];
    if (!hidden.delete(method)) hidden.add(method);
    parts.legend[i].made.setAttribute("aria-pressed", String(!hidden.has(method)));
    schedule();
  }

  function pointAt(i) {
    pointed = i;
    schedule();
  }

  function toggleLarge() {
    const large = parts.root.classList.toggle("tlr-large");
    parts.large.setAttribute("aria-pressed", String(large));
    measure();
  }

  function measure() {
    const unit = parseFloat(getComputedStyle(parts.root).fontSize);
    parts.root.classList.toggle("tlr-narrow", parts.root.clientWidth < 46 * unit);
    for (const each of Object.values(planes)) {
      Object.assign(each, { width: each.canvas.clientWidth, height: each.canvas.clientHeight, unit });
    }
    schedule();
  }

  const SHORTCUTS = {
    " ": toggle,
    ",": () => goTo(Math.ceil(time) - 1),
    ".": () => goTo(Math.floor(time) + 1),
    Home: () => goTo(0),
    End: () => goTo(steps),
    l: toggleLarge,
    r: reset,
    ...Object.fromEntries(methods.map((_, i) => [String(i + 1), () => toggleMethod(i)])),
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  function planeKey({ key, shiftKey }) {
    if (key === "Enter") return race;
    if (!ARROWS[key]) return undefined;
    const length = NUDGE * (shiftKey ? 5 : 1);
    return () => startAt(settings.start.map((x, i) => x + length * ARROWS[key][i]));
  }

  // What a focused control does with a key by itself stays its own.
  function ownKey({ key, target }) {
    return (target.tagName === "BUTTON" && key === " ") || (target.tagName === "INPUT" && /Home|End/.test(key));
  }

  function onKey(event) {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey || ownKey(event)) return;
    const ofPlane = event.target === parts.plane && planeKey(event);
    const action = ofPlane || SHORTCUTS[event.key] || SHORTCUTS[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  function placeOf(event) {
    const box = parts.plane.getBoundingClientRect();
    return frame(planes.plane, reach).point(event.clientX - box.left, event.clientY - box.top);
  }

  function onPress(event) {
    if (event.button !== 0) return;
    parts.plane.setPointerCapture(event.pointerId);
    goTo(0);
    startAt(placeOf(event));
  }

  // Dragging shows where everything would lead from there; letting go starts the race.
  function onDrag(event) {
    if (!parts.plane.hasPointerCapture(event.pointerId)) return;
    goTo(steps);
    startAt(placeOf(event));
  }

  function onRelease(event) {
    if (event.button !== 0) return;
    model.save_changes();
    race();
  }

  function wire() {
    controls.forEach((control, i) => {
      const { input } = parts.sliders[i];
      input.addEventListener("input", () => change({ [control.name]: toValue(control, input.valueAsNumber) }));
      input.addEventListener("change", () => model.save_changes());
    });
    parts.legend.forEach(({ made }, i) => {
      made.addEventListener("click", () => toggleMethod(i));
      for (const kind of ["pointerenter", "focus"]) made.addEventListener(kind, () => pointAt(i));
      for (const kind of ["pointerleave", "blur"]) made.addEventListener(kind, () => pointAt(null));
    });
    parts.play.addEventListener("click", toggle);
    parts.back.addEventListener("click", SHORTCUTS[","]);
    parts.step.addEventListener("click", SHORTCUTS["."]);
    parts.again.addEventListener("click", SHORTCUTS.Home);
    parts.reset.addEventListener("click", reset);
    parts.large.addEventListener("click", toggleLarge);
    parts.scrub.addEventListener("input", () => goTo(parts.scrub.valueAsNumber));
    parts.plane.addEventListener("pointerdown", onPress);
    parts.plane.addEventListener("pointermove", onDrag);
    parts.plane.addEventListener("pointerup", onRelease);
    parts.root.addEventListener("keydown", onKey);
  }

  function onModel() {
    if (names.every((name) => String(model.get(name)) === String(settings[name]))) return;
    settings = read();
    compute();
    schedule();
  }

  el.append(parts.root);
  wire();
  compute();
  const resizing = new ResizeObserver(measure);
  resizing.observe(parts.root);
  names.forEach((name) => model.on(`change:${name}`, onModel));
  return () => {
    resizing.disconnect();
    cancelAnimationFrame(request);
    playing = false;
    names.forEach((name) => model.off(`change:${name}`, onModel));
  };
}

export default { render };
