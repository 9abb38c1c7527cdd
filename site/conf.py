"""How Sphinx builds the site and the slides; tools/build_site.py and tools/build_slides.py prepare what it reads."""

import re
from importlib import resources

project = "Trainable Learning Rate"
html_title = "Trainable Learning Rate"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_revealjs"]

nb_execution_mode = "off"  # the pages show what the notebooks store
nb_render_markdown_format = "gfm"  # tables in what cells print as Markdown
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_dmath_double_inline = True  # displayed formulas within a quotation
myst_heading_anchors = 3

autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_favicon = "static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = ["explorers.js", "access.js"]
# A copy of MathJax, so that formulas need no network.
html_static_path = revealjs_static_path = ["static", str(resources.files("mathjax") / "static" / "mathjax" / "es5")]
# Of it what the formulas need, with MathML for those who listen: half of the whole.
mathjax_path = "startup.js"
mathjax3_config = {"loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]}}

# Slides for a hall: a step at a time in one order, numbered, without movement.
revealjs_style_theme = "white-contrast"
revealjs_css_files = ["slides.css"]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0.03,
    "center": False,
    "hash": True,
    "navigationMode": "linear",
    "slideNumber": "c/t",
    "transition": "none",
}
revealjs_script_files = ["fit.js"]
revealjs_script_plugins = [{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}]


def marked_up(app, what, name, obj, options, lines):
    """Docstrings mark code with single backticks, and a power is no bold type."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(?<![^\s(\[])`([^`]+)`(?!`)", line)
            parts[::2] = (prose.replace("**", r"\*\*") for prose in parts[::2])
            lines[number] = "``".join(parts)


def setup(app):
    app.connect("autodoc-process-docstring", marked_up, priority=400)  # before napoleon
