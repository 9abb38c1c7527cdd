// The explorer itself: its elements, its clock, and what hands, keys and the kernel do to it.

const FONT = "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
const STEPS = DRAWS.length;
const POSITIONS = 200;
const PER_SECOND = 18;
const PER_SECOND_CALM = 4;
const NUDGE = 0.05;

const ICONS = {
  play: "M5 3l11 7-11 7z",
  pause: "M5 3h4v14H5zM12 3h4v14h-4z",
  back: "M15 3v14l-9-7zM4 3h2v14H4z",
  step: "M5 3l9 7-9 7zM14 3h2v14h-2z",
  again: "M10 4a6 6 0 1 1-5.8 4.5l1.9.5A4 4 0 1 0 10 6v3L5 5l5-4z",
};

function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawing(viewBox, attributes, ...shapes) {
  const [space, svg] = ["http://www.w3.org/2000/svg", (tag) => document.createElementNS(space, tag)];
  const made = svg("svg");
  for (const [name, value] of Object.entries({ viewBox, "aria-hidden": "true", ...attributes }))
    made.setAttribute(name, value);
  for (const shape of shapes) {
    const path = svg("path");
    for (const [name, value] of Object.entries(shape)) path.setAttribute(name, value);
    made.append(path);
  }
  return made;
}

const icon = (name) => drawing("0 0 20 20", { class: "tlr-icon" }, { d: ICONS[name], fill: "currentColor" });

function button(label, hint, name) {
  const made = element("button", { type: "button", title: hint }, name ? [icon(name)] : []);
  made.append(element("span", {}, [label]));
  return made;
}

function sample(method) {
  const line = { d: "M1 8H47", stroke: method.color, "stroke-width": 2.6, fill: "none" };
  line["stroke-dasharray"] = method.dash.map((length) => 2.6 * length).join(" ");
  const mark = { d: MARKERS[method.marker], fill: method.color, transform: "translate(24 8) scale(5.4)" };
  return drawing("0 0 48 16", { class: "tlr-sample" }, line, mark);
}

// A control's place on its slider, 0 … POSITIONS, and back.
function toPosition({ low, high, log }, value) {
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(POSITIONS * share);
}

function toValue({ low, high, log }, position) {
  if (position === POSITIONS) return high;
  const share = position / POSITIONS;
  return log ? low * (high / low) ** share : low + (high - low) * share;
}

function sliderRow(control) {
  const input = element("input", { type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": control.name });
  const output = element("output");
  const row = element("label", { title: control.hint }, [element("span", {}, [control.label]), input, output]);
  const show = (value) => {
    input.value = toPosition(control, value);
    output.textContent = short(value) + control.unit;
    input.setAttribute("aria-valuetext", output.textContent);
  };
  return { row, input, show };
}

function methodButton(method) {
  const fate = element("span", { class: "tlr-fate" });
  const name = element("span", { class: "tlr-name" }, [method.label]);
  const made = element("button", { type: "button", "aria-pressed": "true", title: "Show or hide this method" });
  made.append(sample(method), name, fate);
  return { made, fate };
}

function fateOf(run, time) {
  const t = Math.floor(time);
  if (run.diverged !== null && t >= run.diverged) return `diverged at t = ${run.diverged}`;
  return `loss ${short(run.loss[t])}${run.alpha[t] < 0 ? ", α < 0" : ""}`;
}

function build() {
  const parts = {
    plane: element("canvas", { class: "tlr-plane", tabindex: 0, role: "application", "aria-label": PLANE_LABEL }),
    alpha: element("canvas", { role: "img", "aria-label": "The learning rate of each method over the steps" }),
    loss: element("canvas", { role: "img", "aria-label": "The loss of each method over the steps" }),
    hint: element("div", { class: "tlr-hint" }, ["Press anywhere to start there"]),
    sliders: CONTROLS.map(sliderRow),
    legend: METHODS.map(methodButton),
    play: button("Play", "Play or pause (space)", "play"),
    back: button("Back", "One step back (,)", "back"),
    step: button("Step", "One step on (.)", "step"),
    again: button("Again", "Back to the start (Home)", "again"),
    scrub: element("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": "step t" }),
    clock: element("output", { class: "tlr-clock" }),
    reset: button("Reset", "All settings as they were at first (r)"),
    large: button("Large type", "Presentation mode: larger type and lines (l)"),
  };
  parts.large.setAttribute("aria-pressed", "false");
  const side = element("div", { class: "tlr-side" }, [
    element("div", { class: "tlr-sliders" }, parts.sliders.map(({ row }) => row)),
    element("div", { class: "tlr-legend", role: "group", "aria-label": "Methods" }, parts.legend.map(({ made }) => made)),
  ]);
  const player = [parts.play, parts.back, parts.step, parts.again, parts.scrub, parts.clock, parts.reset, parts.large];
  parts.root = element("div", { class: "tlr-race", "data-lm-suppress-shortcuts": "true" }, [
    element("div", { class: "tlr-main" }, [element("div", { class: "tlr-field" }, [parts.plane, parts.hint]), side]),
    element("div", { class: "tlr-player" }, player),
    element("div", { class: "tlr-panels" }, [parts.alpha, parts.loss]),
    element("p", { class: "tlr-keys" }, [KEYS_LABEL]),
  ]);
  return parts;
}

const PLANE_LABEL = "The plane with the paths. Arrow keys move the start, Enter starts the race.";
const KEYS_LABEL =
  "Keys: space plays and pauses, comma and period step, Home and End jump, arrows on the plane move the start, " +
  "Enter races from there, 1 to 5 hide a method, L enlarges, R resets.";

function render({ model, el }) {
  const parts = build();
  const read = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const original = read();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const planes = { plane: surface(parts.plane), alpha: surface(parts.alpha), loss: surface(parts.loss) };
  const ground = surface(document.createElement("canvas"));
  const hidden = new Set();
  let settings = read();
  let [toy, runs, time, playing, stamp] = [null, [], STEPS, false, null];
  let [request, groundOf, clock] = [0, "", STEPS];

  const races = () => METHODS.map((method, i) => ({ method, run: runs[i] })).filter(({ method }) => !hidden.has(method));

  function compute() {
    toy = quadratic(settings);
    runs = METHODS.map(({ rule }) => descend(rule, toy, settings, DRAWS));
    CONTROLS.forEach(({ name }, i) => parts.sliders[i].show(settings[name]));
  }

  function drawGround() {
    const key = [settings.condition, settings.rotation, planes.plane.width, window.devicePixelRatio].join();
    if (key === groundOf) return;
    Object.assign(ground, { width: planes.plane.width, height: planes.plane.height });
    drawBands(ground, toy, REACH);
    groundOf = key;
  }

  function drawPanels() {
    // Neither the α of a path that is lost nor that of one beyond all losses drawn says anything any more.
    const shown = (name) =>
      races().map(({ method, run }) => ({
        method,
        values: run[name].slice(0, (run.diverged ?? STEPS) + 1),
        framed: run[name].filter((_, t) => run.loss[t] <= HIGHEST),
      }));
    const edge = 2 / settings.condition;
    const levels = [
      { value: edge, label: "2/λₘₐₓ", shift: -0.4 },
      { value: edge / 2, label: "1/λₘₐₓ", shift: 0.4 },
    ];
    const common = { steps: STEPS, time };
    drawPanel(planes.alpha, { title: "learning rate α", series: shown("alpha"), levels, unstable: edge, ...common });
    drawPanel(planes.loss, { title: "loss", series: shown("loss"), levels: [], ...common });
  }

  function say() {
    METHODS.forEach((method, i) => {
      const text = fateOf(runs[i], time);
      if (parts.legend[i].fate.textContent !== text) parts.legend[i].fate.textContent = text;
    });
    parts.clock.textContent = `t = ${Math.floor(time)}`;
    parts.scrub.value = Math.floor(time);
  }

  function draw() {
    if (!planes.plane.width) return;
    drawGround();
    drawPlane(planes.plane, ground, REACH, races(), settings.start, time);
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
    time = Math.min(calm.matches ? Math.floor(clock) : clock, STEPS);
    if (time >= STEPS) setPlaying(false);
  }

  function setPlaying(on) {
    playing = on;
    stamp = null;
    parts.play.replaceChildren(icon(on ? "pause" : "play"), element("span", {}, [on ? "Pause" : "Play"]));
    schedule();
  }

  function goTo(t) {
    time = clock = Math.min(Math.max(t, 0), STEPS);
    setPlaying(false);
  }

  function toggle() {
    if (!playing && time >= STEPS) goTo(0);
    clock = time;
    setPlaying(!playing);
  }

  function race() {
    goTo(calm.matches ? STEPS : 0);
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
    change({ start: point.map((x, i) => Math.min(Math.max(x, -REACH[i]), REACH[i])) });
  }

  function reset() {
    change(original);
    model.save_changes();
  }

  function toggleMethod(i) {
    const method = METHODS[i];
    if (!hidden.delete(method)) hidden.add(method);
    parts.legend[i].made.setAttribute("aria-pressed", String(!hidden.has(method)));
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
    End: () => goTo(STEPS),
    l: toggleLarge,
    r: reset,
    ...Object.fromEntries(METHODS.map((_, i) => [String(i + 1), () => toggleMethod(i)])),
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
    const action = (event.target === parts.plane && planeKey(event)) || SHORTCUTS[event.key.toLowerCase()] || SHORTCUTS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  function pointed(event) {
    const box = parts.plane.getBoundingClientRect();
    return frame(planes.plane, REACH).point(event.clientX - box.left, event.clientY - box.top);
  }

  function onPress(event) {
    parts.plane.setPointerCapture(event.pointerId);
    goTo(0);
    startAt(pointed(event));
  }

  // Dragging shows where everything would lead from there; letting go starts the race.
  function onDrag(event) {
    if (!parts.plane.hasPointerCapture(event.pointerId)) return;
    goTo(STEPS);
    startAt(pointed(event));
  }

  function onRelease() {
    model.save_changes();
    race();
  }

  function wire() {
    CONTROLS.forEach((control, i) => {
      const { input } = parts.sliders[i];
      input.addEventListener("input", () => change({ [control.name]: toValue(control, input.valueAsNumber) }));
      input.addEventListener("change", () => model.save_changes());
    });
    parts.legend.forEach(({ made }, i) => made.addEventListener("click", () => toggleMethod(i)));
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
    if (SETTINGS.every((name) => String(model.get(name)) === String(settings[name]))) return;
    settings = read();
    compute();
    schedule();
  }

  el.append(parts.root);
  wire();
  compute();
  const resizing = new ResizeObserver(measure);
  resizing.observe(parts.root);
  SETTINGS.forEach((name) => model.on(`change:${name}`, onModel));
  return () => {
    resizing.disconnect();
    cancelAnimationFrame(request);
    playing = false;
    SETTINGS.forEach((name) => model.off(`change:${name}`, onModel));
  };
}

export default { render };
