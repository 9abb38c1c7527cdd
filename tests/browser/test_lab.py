"""Explorers in a JupyterLab: run the notebook, move the controls, see the pictures change, and nothing complain."""

import re
import time
import urllib.error
import urllib.request

import pytest

from tools.stamp import pages

SESSION = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext"
#: Keeps what controls have said and the kernel has not done with. (A kernel may handle them beside the cells, so that
#: to run an empty cell after them would not do. Answers to what was said before this began do not count.)
COUNT_PENDING = f"""() => {{
    window.pending = new Set();
    {SESSION}.session.kernel.anyMessage.connect((_, {{msg, direction}}) => {{
        if (direction === "send" && msg.header.msg_type === "comm_msg") window.pending.add(msg.header.msg_id);
        else if (msg.header.msg_type === "status" && msg.content.execution_state === "idle")
            window.pending.delete(msg.parent_header.msg_id);
    }});
}}"""
RUN = f"""async (code) => {{
    const reply = (await {SESSION}.session.kernel.requestExecute({{code}}).done).content;
    return reply.status === "ok" ? "ok" : reply.evalue;
}}"""
RUN_ALL = """() => {
    window.finished = undefined;
    jupyterapp.commands.execute("notebook:run-all-cells").then((well) => { window.finished = well; });
}"""
#: What explorers say below their pictures where a control has called a function that failed.
TROUBLE = "The picture is not of these settings"
CANVASES = "(root) => [...root.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
#: A number for the pixels of an image.
DIGEST = """async (image) => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return bytes.reduce((digest, byte) => (31 * digest + byte) % 2147483647, 7);
}"""
COUNT = """(image) => {
    if (image.seen === undefined)
        new MutationObserver(() => { image.seen += 1; }).observe(image, {attributeFilter: ["src"]});
    image.seen = 0;
}"""

#: The explorers whose pictures the kernel draws: a name in the kernel, and what makes it.
EXPLORERS = {
    "windows": "Windows({alpha: gradients - alpha for alpha in (0.0, 2.0)})",
    "tensors": "TensorRace(train)",
}
SETUP = """
import numpy as np
from tlr.course.explorers import *

gradients = 1 + np.random.default_rng(0).standard_normal((3, 13, 5))

def train(per, curvature, alpha0):
    for step in range(10**6):
        yield 2 / (1 + step * alpha0), {"model": alpha0 * 1.001 ** (step % 1000)}
"""


@pytest.fixture(scope="module")
def page(lab, visit_once):
    """A notebook in which every explorer runs; tests share it, and leave its controls as they please."""
    lab.write("explorers.ipynb", [SETUP, *(f"{name} = {make}\n{name}" for name, make in EXPLORERS.items())])
    return open_and_run(lab, visit_once, "explorers.ipynb", len(EXPLORERS))


@pytest.fixture(autouse=True)
def nothing_complains(request, lab):
    """No error in the console, in a cell, or in the server's log, where kernels write theirs."""
    logged = len(lab.log())
    yield
    if "page" in request.fixturenames:
        page = request.getfixturevalue("page")
        assert [text for kind, text in page.said if kind == "error"] == []
        assert page.locator("[data-mime-type^='application/vnd.jupyter.std'], [data-mime-type$='error']").count() == 0
        assert page.get_by_text(TROUBLE).count() == 0
    assert re.findall(r".*(?:ERROR|CRITICAL|Traceback|^\[E).*", lab.log()[logged:], re.MULTILINE) == []


def open_and_run(lab, visit, name, images):
    page = visit(lab.address(name), viewport={"width": 1300, "height": 1100})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate(COUNT_PENDING)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(f"() => document.querySelectorAll('img.widget-image').length === {images}")
    return page


def test_the_server_answers_nobody_who_has_no_token(lab):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{lab.url}/api/contents", timeout=30)


class Shown:
    """One explorer on the page."""

    def __init__(self, page, name):
        self.page, self.name = page, name
        number = list(EXPLORERS).index(name)
        self.output = page.locator(".jp-OutputArea-output:has(img.widget-image)").nth(number)
        self.image = self.output.locator("img.widget-image")
        page.mouse.move(0, 0)
        self.image.scroll_into_view_if_needed()

    def run(self, code):
        """Run code in the kernel, and let the page show what came of it."""
        assert self.page.evaluate(RUN, code) == "ok"
        self.page.evaluate(NEXT_FRAME)

    def digest(self):
        """A number for the picture, once the kernel has answered all that was asked of it."""
        for _ in range(2):
            self.page.wait_for_function("() => window.pending.size === 0")
            self.page.evaluate(NEXT_FRAME)
        return self.image.evaluate(DIGEST)

    def settled(self, seconds=60):
        """The same where the kernel goes on by itself: once the picture has not changed for half a second."""
        end, before = time.monotonic() + seconds, None
        while before != (before := self.digest()):
            assert time.monotonic() < end, "The picture does not come to rest."
            self.page.wait_for_timeout(500)
        return before

    def count(self):
        """Count pictures from here on."""
        self.image.evaluate(COUNT)

    def pictures(self):
        """How many there were."""
        return self.image.evaluate("(image) => image.seen")

    def wait_for_pictures(self, number):
        """Wait until there have been as many more."""
        more = [self.image.element_handle(), self.pictures() + number]
        self.page.wait_for_function("([image, number]) => image.seen >= number", arg=more)

    def sliders(self):
        """Label and row of every slider that can be moved, the last first."""
        # An α₀ or a condition number at its end leaves nothing for others to change.
        rows = self.output.locator(".widget-hslider:has(.noUi-target:not([disabled]))").all()
        return [(row.locator("label").text_content(), row) for row in reversed(rows)]

    def slider(self, label):
        """The handle of the slider with this label."""
        return self.row(label).locator(".noUi-handle")

    def row(self, label):
        """All of that slider; a logarithmic one has its label at the field beside it."""
        rows = self.output.locator(".widget-hslider, .widget-hbox:has(> .widget-text)")
        return rows.filter(has=self.page.get_by_text(label, exact=True))

    def drag(self, row, share, steps=3):
        """Drag a slider's handle to a share of its length, and beyond at the ends."""
        handle, track = row.locator(".noUi-handle").bounding_box(), row.locator(".noUi-target").bounding_box()
        mouse, height = self.page.mouse, handle["y"] + handle["height"] / 2
        mouse.move(handle["x"] + handle["width"] / 2, height)
        mouse.down()
        mouse.move(track["x"] + (1.2 * share - 0.1) * track["width"], height, steps=steps)
        mouse.up()


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_slider_goes_to_both_ends_by_keyboard_and_by_mouse(page, name):
    shown = Shown(page, name)
    before = shown.digest()
    for label, row in shown.sliders():
        handle, seen = row.locator(".noUi-handle"), []
        for move in ("Home", 1, 0, "End"):
            handle.press(move) if isinstance(move, str) else shown.drag(row, move)
            seen.append(shown.digest())
        assert seen[:2] == [seen[2], seen[3]], label
        assert len({before, *seen}) > 1, label
        before = seen[-1]


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_menu_by_keyboard(page, name):
    shown = Shown(page, name)
    menu, seen = shown.output.locator("select"), set()
    for key in ("Home", "End"):
        menu.press(key)
        seen.add(shown.digest())
    assert len(seen) == 2


def test_the_race_of_tensors_runs_until_it_is_stopped(page):
    shown = Shown(page, "tensors")
    shown.count()
    button = shown.output.locator("button")
    button.click()
    shown.wait_for_pictures(3)
    assert button.text_content().strip() == "Stop"
    shown.slider("α₀").press("ArrowLeft")  # begins anew, and goes on
    shown.wait_for_pictures(3)
    button.press("Enter")
    page.wait_for_function("(button) => button.textContent.trim() === 'Start'", arg=button.element_handle())
    shown.settled()
    shown.run("assert not tensors.running")


def test_rapid_dragging_leaves_no_queue(page):
    shown = Shown(page, "windows")
    row = shown.row("p")
    shown.drag(row, 0)
    shown.drag(row, 1)
    there = shown.digest()
    shown.drag(row, 0)
    shown.digest()
    shown.count()
    shown.drag(row, 1, steps=100)
    during = shown.pictures()
    assert shown.digest() == there
    # Of a hundred moves the kernel drew some, and of those none after the last but the one that was under way.
    assert during < 100
    assert shown.pictures() - during <= 2


#: The explorers in the page: a name in the kernel, and what makes it; the setting and the label of a slider; a canvas.
IN_THE_PAGE = {
    "basins": ("Basins()", "alpha0", "α₀", "basin"),
    "cobweb": ("Cobweb()", "c", "bound c", "map"),
    "eigenvalues": ("Eigenvalues()", "alpha0", "α₀", "factor"),
    "newton": ("Newton()", "share", "αₜ / best", "step"),
    "paths": ("Paths()", "alpha0", "α₀", "plane"),
    "race": ("Race()", "alpha0", "α₀", "plane"),
    "returns": ("ReturnMap()", "c", "bound c", "map"),
}


def test_explorers_in_the_page_follow_the_kernel_and_go_on_when_it_is_gone(lab, visit):
    cells = [f"{name} = {make}\n{name}" for name, (make, *_) in IN_THE_PAGE.items()]
    lab.write("page.ipynb", ["from tlr.course.explorers import *", *cells])
    page = open_and_run(lab, visit, "page.ipynb", 0)
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    for name, (make, setting, label, _) in IN_THE_PAGE.items():
        root = page.locator(f".tlr-{name}")
        root.locator(".tlr-fate:not(:empty)").first.wait_for()
        slider = root.get_by_label(label, exact=True)
        slider.press("End")
        most = slider.get_attribute("aria-valuetext")
        reached = f"assert {name}.{setting} == {most}"
        page.wait_for_function(f"async (code) => await ({RUN})(code) === 'ok'", arg=reached)
        before = canvases(root)
        assert page.evaluate(RUN, f"{name}.{setting} = 0.3125") == "ok"
        page.wait_for_function("(slider) => slider.ariaValueText === '0.3125'", arg=slider.element_handle())
        assert canvases(root) != before
        root.get_by_role("button", name="Copy link").click()
        root.get_by_text("Link copied").first.wait_for()
        link = page.evaluate("() => window.copied")
        assert link.startswith(f"{pages()}/explorers/{make.removesuffix('()')}.html#")
        assert f"{setting}=0.3125" in link

    page.evaluate(f"async () => {{ await {SESSION}.shutdown(); }}")
    page.wait_for_function(f"() => !{SESSION}.session")
    for name, (_, _, label, canvas) in IN_THE_PAGE.items():
        root = page.locator(f".tlr-{name}")
        seen = {canvases(root)}
        for key in ("Home", "End"):
            root.get_by_label(label, exact=True).press(key)
            seen.add(canvases(root))
        root.locator(f".tlr-{canvas}").press("r")
        assert len({*seen, canvases(root)}) == 4, name

    # Keys meant for an explorer are JupyterLab's commands too: r would make a raw cell of this one.
    kinds = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.type)")
    assert kinds == ["code"] * len(kinds)
    # JupyterLab itself notes that settings no longer reach a kernel.
    errors = [text for kind, text in page.said if kind == "error"]
    assert [text for text in errors if "Could not send widget sync message" not in text] == []


def canvases(root):
    root.page.evaluate(NEXT_FRAME)
    return root.evaluate(CANVASES)
