// One step, frozen: the loss along it, the parabolas that each curvature draws, and where each rule jumps.

import { alongGradient, described, exactLineSearch, inItsAxes, nextAlpha, spread, stepProducts } from "./descent.js";
import { drawAxes, drawLine, line, marker, short, within, write } from "./picture.js";
import { secondDerivative } from "./rule.js";
import { onPointer, stage } from "./stage.js";

const REACH = 2.8;
const POINTS = 281;
const ROW = 1.5;
const NUDGE = 0.05;
const GHOST = { ghost: true, dash: [] };

function render({ model, el }) {
  // `lines` are no methods: the loss, its tangent and, its exact parabola.
  const { methods, lines, toy: own } = model.get("scene");
  const scene = stage({ model, el }, {
    name: "newton",
    methods: [...methods, ...lines],
    fields: { step: "The loss along the step. Left and right arrow keys move the step that is taken." },
    hint: "Drag the dot",
    about: "Drag the black dot, or press where the step should end.",
    keys: "left and right arrows on the picture",
  });
  const { step: picture } = scene.surfaces;
  let [along, best, step, to, of] = [null, 0, null, {}, ""];
  let [toy, from] = own ? [described(own), own.start] : [null, null];

  function compute({ share, condition, direction, c }) {
    const key = [condition, direction].join();
    if (key !== of) {
      if (!own) {
        const angle = (direction * Math.PI) / 180;
        toy = inItsAxes([1, condition]);
        from = [Math.cos(angle), Math.sin(angle)];
      }
      along = alongGradient(toy, from);
      best = exactLineSearch(along);
      of = key;
    }
    step = stepProducts(toy, from, share * best);
    to = Object.fromEntries(methods.map(({ rule }) => [rule, nextAlpha(rule, step.alpha, step, { c })]));
  }

  function draw() {
    picture.begin();
    const { context, unit, look, height } = picture;
    const losses = across().map(along);
    const [least, most] = [Math.min(...losses), Math.max(...losses)];
    const span = Math.max(most - least, 1e-12);
    const rows = ROW * methods.length;
    drawAxes(picture, {
      title: headline(),
      x: { low: 0, high: REACH * best, label: "step size α" },
      y: { low: least - 0.35 * span, high: least + 1.15 * span, label: "loss" },
      sides: { top: 3.4, bottom: 2.1 + rows },
    });
    const { box, x, y } = picture.axes;
    const { alpha, exact } = step;
    const [loss, tangent, truth] = lines;
    within(picture, () => {
      context.setLineDash([unit / 3, unit / 4]);
      line(picture, look.gray, [x(best), box.top], [x(best), box.bottom]);
      context.setLineDash([]);
      if (scene.pinned) for (const points of scene.pinned) drawLine(picture, GHOST, points, 0.12);
      drawLine(picture, loss, lossAlong(), 0.3);
      drawLine(picture, tangent, parabola(0), 0.09);
      for (const method of drawn) drawLine(picture, method, parabolaOf(method), 0.16);
      if (truth) drawLine(picture, truth, parabola(exact), 0.16);
    });
    write(picture, "best", x(best), box.top - 0.6 * unit, "center");
    methods.forEach((method, i) => {
      const end = Math.min(to[method.rule], REACH * best);
      const row = height - (rows - ROW * (i + 0.5)) * unit;
      const arrow = { ...picture, axes: { x, y: () => row } };
      drawLine(arrow, { ...method, dash: [] }, [[alpha, 0], [end, 0]], 0.14);
      marker(picture, method, x(end), row, 0.36);
      marker(picture, method, x(end), y(along(end)), 0.42);
      marker(picture, { marker: "o", color: look.ink }, x(alpha), row, 0.22);
    });
    marker(picture, { marker: "o", color: look.ink }, x(alpha), y(along(alpha)), 0.55);
    methods.forEach(({ rule }, i) => scene.parts.legend[i].say(`α → ${short(to[rule])}`));
    scene.say(`${headline()}. Eq. 8's parabola opens ${second({ rule: "published" }) > 0 ? "upwards" : "downwards"}.`);
  }

  const drawn = methods.filter((method) => method.parabola);
  const second = ({ rule }) => secondDerivative[rule](step.alpha, step.gg, step.gp, step.pp);
  const parabolaOf = (method) => parabola(second(method));
  const lossAlong = () => across().map((alpha) => [alpha, along(alpha)]);

  function parabola(curvature) {
    const { alpha, gp } = step;
    const here = along(alpha);
    return across().map((each) => [each, here - gp * (each - alpha) + (curvature / 2) * (each - alpha) ** 2]);
  }

  // The loss and the parabolas stay where they were.
  const across = () => spread(0, REACH * best, POINTS);
  const pin = () => [lossAlong(), ...drawn.map(parabolaOf)];

  function headline() {
    const { alpha } = step;
    const [low, high] = [0.995, 1.005];
    const said = alpha < low * best ? "too short" : alpha > high * best ? "too long" : "the best step";
    return `α = ${short(alpha)}: ${said}`;
  }

  onPointer(scene, picture, {
    press: (x) => scene.take({ share: Math.round((100 * picture.axes.x.back(x)) / best) / 100 }),
    read: (x) => {
      const alpha = Math.max(picture.axes.x.back(x), 0);
      return [`α ${short(alpha)}`, `loss ${short(along(alpha))}`];
    },
  });

  const key = (right) => right && (() => scene.take({ share: scene.settings.share + right * NUDGE }, true));
  return scene.run({ compute, draw, pin, key });
}

export default { render };
