"""What a page shows in its canvases."""

CANVASES = "(root) => [...root.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def pixels(page):
    """What is drawn once the page has come to rest."""
    page.evaluate(NEXT_FRAME)
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    return page.locator("body").evaluate(CANVASES)
