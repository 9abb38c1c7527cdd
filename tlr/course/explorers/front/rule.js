// Printed from the expressions of tlr.rule by `python -m tlr.course.explorers.printed`: change those.

export const relativeChange = {
  published(gg, gp, pp, c) {
    let change;
    if (Math.abs(gp) > 0 && gp < c*(4*gg - 4*gp)) {
       change = gp/(4*gg - 4*gp);
    }
    else if (Math.abs(gp) > 0) {
       change = c;
    }
    else {
       change = 0;
    }
    return change;
  },
  secant(gg, gp, pp, c) {
    let change;
    if (Math.abs(gp) > 0 && gp < c*(-4*gp + 4*pp)) {
       change = gp/(-4*gp + 4*pp);
    }
    else if (Math.abs(gp) > 0) {
       change = c;
    }
    else {
       change = 0;
    }
    return change;
  },
  barzilai_borwein(gg, gp, pp, c) {
    let change;
    if (Math.abs(gp) > 0 && gp - pp < 0) {
       change = gp/(-gp + pp);
    }
    else {
       change = 0;
    }
    return change;
  },
};

export const secondDerivative = {
  published: (alpha, gg, gp, pp) => (4*gg - 4*gp)/alpha,
  secant: (alpha, gg, gp, pp) => (-gp + pp)/alpha,
  barzilai_borwein: (alpha, gg, gp, pp) => (-gp + pp)/alpha,
};

export const gradientStep = (alpha, gp, beta) => alpha + beta*gp;
