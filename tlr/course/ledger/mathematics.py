"""What the paper says about its equations: each judge takes the formula that it tests, `tlr.rule`'s by default."""

import numpy as np

from tlr import rule, toys
from tlr.course.ledger.claim import (
    DOES_NOT_HOLD,
    EQUATIONS,
    HOLDS,
    IN_PART,
    KNOBS,
    REVIEWED,
    ROBUSTNESS,
    Claim,
    Finding,
    always,
    grade,
)
from tlr.descent import descend, relative_rate_map

__all__ = ["CLAIMS", "LATER"]


def first_derivative(formula=rule.first_derivative):
    """Eq. 7 against a central difference of L(w − αg), on random steps on four functions."""
    rng = np.random.default_rng(0)
    errors = []
    for toy in (toys.quadratic([1, 10], angle=0.5), toys.rosenbrock(), toys.beale(), toys.himmelblau()):
        w, alpha = rng.uniform(-2, 2, (100, 2)), 10 ** rng.uniform(-3, -1.5, 100)
        g = toy.gradient(w)
        alpha /= 1 + np.linalg.norm(g, axis=1)  # a step no longer than the function's features
        h = 1e-4 * alpha
        up, down = (toy.value(w - (alpha + d)[:, None] * g) for d in (h, -h))
        claimed = formula(np.vecdot(toy.gradient(w - alpha[:, None] * g), g))
        errors.append(abs((up - down) / (2 * h) / claimed - 1))
    passed = int((np.concatenate(errors) < 1e-3).sum())
    evidence = f"In {passed} of 400 random steps on four functions Eq. 7 is the measured slope to three digits."
    return Finding(always(passed, 400), evidence, number=f"{passed} of 400 steps")


def second_derivative(formula=rule.second_derivative):
    """Eq. 8 against sympy's second derivative, on every parabola."""
    import sympy as sp

    x, curvature = sp.symbols("x lambda", positive=True)
    alpha, after = x / curvature, 1 - x  # g_t / g_{t−1}, with g_{t−1} = 1
    ratio = sp.factor(sp.simplify(formula(alpha, after**2, after, sp.Integer(1)) / curvature))
    if ratio == 1:
        return Finding(HOLDS, "On a parabola it is the exact second derivative.", number="exact")
    right = [bool(ratio.subs(x, sp.Rational(n, 10)) > 0) for n in range(1, 20) if n != 10]
    wrong = len(right) - sum(right)
    evidence = (
        f"On a parabola, with x = αλ, it is {str(ratio).replace('*', ' · ')} times the exact one, with the wrong "
    )
    evidence += f"sign at {wrong} of {len(right)} values of x in (0, 2)."
    number = f"wrong sign at {wrong} of {len(right)}"
    return Finding(DOES_NOT_HOLD if wrong else IN_PART, evidence, number=number)


def newton_step(change=rule.relative_change):
    """Whether the rule lands on the best step of a parabola, as Newton's method does, where no bound cuts it short."""
    x = np.concatenate([np.linspace(0.81, 0.99, 100), np.linspace(1.01, 3, 100)])
    landed = np.isclose(x * (1 + change((1 - x) ** 2, 1 - x, np.ones_like(x))), 1, atol=1e-3)
    evidence = f"On a parabola it lands on the best step from {landed.sum()} of 200 values of αλ between 0.8 and 3."
    return Finding(grade(landed.sum(), 200), evidence, number=f"{landed.sum()} of 200 starts")


def bound(change=rule.relative_change):
    """α_{t+1}/α_t over random pairs of gradients of wildly different lengths."""
    rng = np.random.default_rng(1)
    now, before = rng.normal(size=(2, 100_000, 3)) * 10 ** rng.uniform(-6, 6, (2, 100_000, 1))
    ratio = 1 + change(np.vecdot(now, now), np.vecdot(now, before), np.vecdot(before, before))
    passed = int(np.sum((ratio > 0) & (ratio <= 1.25)))
    evidence = f"100,000 random pairs of gradients: α changes by factors from {ratio.min():.2f} to {ratio.max():.2f}."
    return Finding(always(passed, len(ratio)), evidence, number=f"{ratio.min():.2f} ≤ factor ≤ {ratio.max():.2f}")


def one_pass(passes=None):
    """Forward and backward passes in a step of Algorithm 1 and of Algorithm 2, counted."""
    first, second = passes or (_passes("naive", lr=0.1, eta=0.1), _passes("tlr", lr=0.1))
    evidence = f"Passes in a step, counted: {first} with Algorithm 1, {second} with Algorithm 2."
    number = f"{second} pass in place of {first}"
    return Finding(HOLDS if second == 1 < first else DOES_NOT_HOLD, evidence, number=number)


def _passes(name, **options):
    import torch

    from tlr.course.peers import make_optimizer

    w, calls = torch.nn.Parameter(torch.ones(2)), []
    optimizer = make_optimizer(name, [w], **options)

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        calls.append(loss)
        return loss

    optimizer.step(closure)
    return len(calls)


def barzilai_borwein(change=rule.relative_change):
    """When α falls, and when it grows by the full quarter, beside the steps of Barzilai and Borwein."""
    rng = np.random.default_rng(3)
    now, before = rng.normal(size=(2, 10_000, 3)) * 10 ** rng.uniform(-1, 1, (2, 10_000, 1))
    gg, gp, pp = np.vecdot(now, now), np.vecdot(now, before), np.vecdot(before, before)
    # In units of α_t, with s = −g_{t−1} and y = g_t − g_{t−1}.
    along = pp - gp
    long, middle = pp / along, np.sqrt(pp / (gg - 2 * gp + pp))
    changes, bowl = change(gg, gp, pp), along > 0
    shrinks = (changes < 0) == (long < 1)
    leaps = np.isclose(changes, 0.25) == (middle >= 1)
    passed, total = int((shrinks & leaps)[bowl].sum()), int(bowl.sum())
    evidence = (
        f"In {passed:,} of {total:,} random pairs of gradients with positive curvature between them α falls "
        f"exactly when it is above their long step, and grows by the full quarter exactly when it is at most "
        f"‖s‖/‖y‖, the geometric mean of their long and their short step. With Eq. 8′ Newton's step is their long one."
    )
    number = "proved (theorem 1); " * (passed == total) + f"{passed:,} of {total:,} pairs"
    return Finding(grade(passed, total), evidence, number=number)


def polak_ribiere(rules=rule.RULES):
    """The published change of α, in terms of β_PRP."""
    import sympy as sp

    gg, gp, pp = sp.symbols("gg gp pp", positive=True)
    beta_prp = (gg - gp) / pp
    factor = sp.simplify(gp / rules["published"].denominator(gg, gp, pp) * beta_prp * pp / gp)
    if factor.is_number:
        evidence = f"The relative change of α is {factor} · ⟨g_t, g_{{t−1}}⟩ / (‖g_{{t−1}}‖² β_PRP)."
        return Finding(HOLDS, evidence, number=f"{factor} / β_PRP")
    return Finding(DOES_NOT_HOLD, f"The relative change of α times β_PRP is no multiple of it: {factor}.")


def convex(toy_of=toys.quadratic):
    """Losses before and after steps of random length on random convex functions, where ⟨g_t, g_{t−1}⟩ > 0."""
    rng = np.random.default_rng(2)
    grew = fell = 0
    for _ in range(200):
        d = rng.integers(1, 11)
        toy = toy_of(10 ** rng.uniform(-2, 2, d))
        before = rng.normal(size=(50, d))
        g = toy.gradient(before)
        after = before - 10 ** rng.uniform(-4, 2, (50, 1)) * g
        grows = np.vecdot(toy.gradient(after), g) > 0
        grew += int(grows.sum())
        fell += int((toy.value(after) < toy.value(before))[grows].sum())
    evidence = (
        f"10,000 random steps on convex quadratics: α would grow after {grew:,}, and the loss had fallen in {fell:,}. "
        "Convexity proves it: the loss falls by α⟨g_t, g_{t−1}⟩ at least."
    )
    return Finding(always(fell, grew), evidence, number="proved" if fell == grew else f"{fell:,} of {grew:,} steps")


def displacements(memory=0.8):
    """The product of two displacements of heavy ball against the slope along the step, on random parabolas.

    Args:
        memory: μ, the momentum.
    """
    rng = np.random.default_rng(0)
    curvature, w, alpha = rng.uniform(0.1, 10, 400), rng.normal(size=400), rng.uniform(0.01, 0.5, 400)
    first = curvature * w  # the first buffer is the gradient
    gradient = curvature * (w - alpha * first)
    second = memory * first + gradient
    equal = int(np.isclose(second * first, gradient * first).sum())
    evidence = (
        f"Two steps on 400 random parabolas with μ = {memory:g}: the product of the displacements over α is the slope "
        f"along the step in {equal}; it exceeds it by μ‖d‖², what the buffer hands on."
    )
    return Finding(always(equal, 400), evidence, number=f"{equal} of 400 steps")


def cannot_diverge(ran=None):
    """A strongly convex function of one variable: two half-parabolas with curvatures 1 and 1000, from stable α₀."""
    if ran is None:
        import sympy

        w = sympy.Symbol("w", real=True)
        bend = sympy.Piecewise((w**2 / 2, w < 0), (500 * w**2, True))
        toy, starts = toys.from_expression(bend, start=[-1.0], minimum=[0.0]), np.geomspace(1e-5, 1.9e-3, 40)
        ran = {name: descend(name, toy, toy.start, starts, 3000).loss for name in ("gd", "published", "secant")}
    kept = {name: int((loss[-1] < loss[0]).sum()) for name, loss in ran.items()}
    total = ran["published"].shape[1]
    evidence = (
        f"Two half-parabolas, κ = 1000, {total} stable values of α₀: the loss ends below its first value from "
        f"{kept['published']} of them ({kept['gd']} with α fixed and {kept['secant']} with Eq. 8′, whose runs never "
        "cross the joint)."
    )
    number = f"each step: holds (claim 9); the run: {kept['published']} of {total} starts"
    return Finding(always(kept["published"], total), evidence, number=number)


def quadratics(ran=None):
    """The rule itself, without noise, from α₀ = 1e-4 … 0.019 on a quadratic with 10 curvatures from 1 to 100."""
    if ran is None:
        toy = toys.quadratic(np.geomspace(1, 100, 10))
        starts = np.geomspace(1e-4, 0.019, 60)
        ran = {name: descend(name, toy, np.ones(10), starts, 300).loss for name in ("gd", "published", "secant")}
    kept = {name: int((loss.max(axis=0) <= 1e6 * loss[0]).sum()) for name, loss in ran.items()}
    total = ran["published"].shape[1]
    evidence = (
        f"Ten curvatures from 1 to 100, {total} stable values of α₀, no noise: the loss stays below a million times "
        f"its first value from {kept['published']} of them with Eq. 8, "
        f"{kept['gd']} with α fixed, {kept['secant']} with Eq. 8′."
    )
    return Finding(grade(kept["published"], total), evidence, number=f"{kept['published']} of {total} starts")


def bound_on_quadratics(shares=None):
    """How often the loss falls a millionfold on a quadratic with κ = 10, for each c."""
    if shares is None:
        toy, starts = toys.quadratic([1, 10]), np.geomspace(1e-4, 0.15, 80)

        def share(c, name):
            loss = descend(name, toy, toy.start, starts, 100, c=c).loss
            return float(np.mean(loss[-1] < 1e-6 * loss[0]))

        shares = {c: {name: share(c, name) for name in ("published", "secant")} for c in (0.125, 0.25, 0.5, 1)}
    near = sum(abs(values["published"] - shares[0.25]["published"]) <= 0.1 for values in shares.values())
    rows = ", ".join(f"c = {c:g}: {v['published']:.0%} ({v['secant']:.0%})" for c, v in shares.items())
    evidence = f"Starts from which the loss falls a millionfold on a bowl with κ = 10, with Eq. 8 (Eq. 8′): {rows}."
    return Finding(grade(near, len(shares)), evidence, number=f"{near} of {len(shares)} values of c")


def thermostat(step=relative_rate_map):
    """Whether α climbs while it is too small and comes down when it is too large, on a parabola."""
    x = np.concatenate([np.geomspace(0.01, 0.99, 100), np.linspace(1.01, 5, 100)])
    right = int(((step(x) > x) == (x < 1)).sum())
    evidence = f"On a parabola α changes in the right direction at {right} of 200 values of αλ from 0.01 to 5."
    return Finding(always(right, 200), evidence, number=f"{right} of 200 places")


CLAIMS = (
    Claim(
        theme=EQUATIONS,
        says="Eqs. 5–7: the slope in α is −⟨g_t, g_{t−1}⟩",
        place="Section 3, Eqs. 5–7",
        quote="the learning rate gradient can be expressed as the inner product of consecutive gradients",
        criterion="It is the slope that finite differences measure, in every random step.",
        judge=first_derivative,
        tests=("01_derivation#eq-5-third", "01_derivation#eq-7-general"),
    ),
    Claim(
        theme=EQUATIONS,
        says="Its sign says which way to turn α",
        place="Section 3, after Eq. 7",
        quote="If two consecutive weight updates move towards the same direction in order to be optimized, "
        "the learning rate should be increased.",
        criterion="On a parabola α rises below the best step and falls above it.",
        judge=thermostat,
        tests=("01_derivation#line-search", "02_quadratics#one-check"),
    ),
    Claim(
        theme=EQUATIONS,
        says="Eq. 8: the second derivative in α",
        place="Section 3, Eq. 8; appendix A",
        quote="the problem at hand has an intuitive analytical form, using only first-order weight gradients, "
        "as Eq. 8 suggests.",
        criterion="It equals the exact second derivative on every parabola; in part if only its sign is right.",
        judge=second_derivative,
        tests=("01_derivation#ratio-check", "01_derivation#torch-verdict"),
    ),
    Claim(
        theme=EQUATIONS,
        says="Eq. 9 is a Newton step",
        place="Section 3, after Eq. 9",
        quote="is equivalent to performing a Newton step (under the bounding condition)",
        criterion="On a parabola it lands on the best step wherever the bound allows; in part from half of the places.",
        judge=newton_step,
        tests=("02_quadratics#one-check",),
    ),
    Claim(
        theme=EQUATIONS,
        says="The bound: α_{t+1} ≤ (1 + c) α_t",
        place="Section 3, Eq. 9",
        quote="impose a maximum increase over α",
        criterion="No random pair of gradients makes α grow by more, or turn negative.",
        judge=bound,
        tests=("01_derivation#bound-code", "01_derivation#bound-random"),
    ),
    Claim(
        theme=EQUATIONS,
        says="Algorithm 2 spares the second pass",
        place="Section 3, Algorithm 2",
        quote="which corresponds to an extra forward-backward pass, can be omitted",
        criterion="A step of Algorithm 2 takes one pass, one of Algorithm 1 more.",
        judge=one_pass,
        tests=("01_derivation#eq-9-cases", "02_quadratics#company-table"),
    ),
    Claim(
        theme=EQUATIONS,
        says="The kinship with Barzilai–Borwein",
        place="Appendix B, (17)",
        quote="This adaptive BB step shares similarities with the proposed Eq. 9",
        criterion="Their steps are the thresholds at which Eq. 9 lowers α, and from which it grows by less than c.",
        fixed=REVIEWED,
        changed="it asked for identity, Newton's step with Eq. 8 equal to one of theirs; the paper says "
        "“similarities”, and notebook 7 proves which (theorem 1).",
        was=IN_PART,
        note="Our criterion says “their steps”. By the letter half of it holds: one threshold is their long step, the "
        "other the geometric mean of their two. We count it, as the paper says no more than “similarities”.",
        judge=barzilai_borwein,
        tests=("01_derivation#bb-code", "02_quadratics#bb-check", "07_theory#thermostat-check"),
    ),
    Claim(
        theme=EQUATIONS,
        says="The kinship with Polak–Ribière–Polyak",
        place="Appendix B",
        quote="contains a momentum-like term very similar to the derived one in our approach (although inversed)",
        criterion="The change of α has β_PRP in its denominator, and else only ⟨g_t, g_{t−1}⟩ and ‖g_{t−1}‖².",
        judge=polak_ribiere,
        tests=("01_derivation#prp-code",),
    ),
    Claim(
        theme=EQUATIONS,
        says="One step: convex losses have fallen whenever α grows",
        place="Appendix D.3, remark",
        quote="The assumption of a convex loss function leads to improved (minimized) loss values at each step "
        "when ⟨gt, gt−1⟩ > 0.",
        criterion="In every random step after which α grows, the loss has fallen.",
        judge=convex,
        tests=("01_derivation#convex-code",),
    ),
    Claim(
        theme=ROBUSTNESS,
        says="The rule itself is robust to α₀",
        place="Abstract",
        quote="robust to both the initial learning rate and the batch size",
        criterion="From every α₀ from which plain descent converges, the loss never rises a millionfold.",
        note="The abstract speaks of networks; an ill-conditioned quadratic without noise asks more of the rule.",
        ours=True,
        judge=quadratics,
        tests=("02_quadratics#many-check", "02_quadratics#basins-check"),
    ),
    Claim(
        theme=KNOBS,
        says="For the rule itself c is not critical",
        place="Section 3, after Eq. 9",
        quote="this is not a critical hyperparameter to be defined and has minor effect over the behavior",
        criterion="For c from ⅛ to 1 the share of starts that succeed stays within 10 points of that for c = ¼.",
        fixed=REVIEWED,
        changed="c went up to 10, where the paper itself says that its rule diverges.",
        was=DOES_NOT_HOLD,
        ours=True,
        judge=bound_on_quadratics,
        tests=("02_quadratics#knobs-check",),
    ),
)

#: Added after the others, whose numbers stay.
LATER = (
    Claim(
        theme=EQUATIONS,
        says="Eq. 10 with momentum: a displacement serves as the gradient",
        place="Section 4, Eq. 10",
        quote="we accumulate the calculated gradients across several consecutive iterations. … at step t, the weight "
        "gradients can be computed as follows:",
        criterion="With momentum 0.8 the product of two displacements over α is the slope that Eq. 7 asks for.",
        fixed="2026-11-29T02:06",
        note="What follows is Eq. 10, which takes a displacement over α for the sum of the gradients. The paper trains "
        "with momentum 0.8 and does not say how it enters.",
        reading=True,
        judge=displacements,
        tests=("01_derivation#eq-10-two-steps", "01_derivation#eq-10-noise"),
    ),
    Claim(
        theme=EQUATIONS,
        says="The whole run: on convex functions it cannot diverge",
        place="Appendix D.3, remark",
        quote="given a convex function and the proposed learning rate update rule, which relies on the intrinsic "
        "property ⟨gt, gt−1⟩, the proposed algorithm cannot diverge when learning rate is increasing",
        criterion="On a strongly convex function the loss ends below its first value from every stable α₀.",
        fixed="2026-11-29T02:06",
        note="To the letter, that each step after which α grows has lowered the loss, it holds: that is claim 9. That "
        "the algorithm cannot diverge does not: the next step, with the α that has grown, overshoots.",
        reading=True,
        judge=cannot_diverge,
        tests=("01_derivation#convex-diverges",),
    ),
)
