"""The front end of the explorers, run by node."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tools.stamp import ROOT

FRONT = ROOT / "tlr" / "course" / "explorers" / "front"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Running the JavaScript needs node.")


@cache
def folder():
    """A copy of the front end that node takes for modules; it goes when Python does."""
    copy = tempfile.TemporaryDirectory()
    shutil.copytree(FRONT, copy.name, dirs_exist_ok=True)
    (Path(copy.name) / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return copy


def node(script, **data):
    """What the script, a module, prints as JSON, given `data` as its constants; it imports from "front/…"."""
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in data.items())
    result = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=constants + script.replace('"front/', f'"{Path(folder().name).as_uri()}/'),
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return json.loads(result.stdout, parse_constant=float)


#: The JavaScript of a function that writes what is not finite, too, so that `floats` reads it.
WRITE = """
const numbers = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
const write = (found) => console.log(JSON.stringify(found, numbers));
"""


def floats(values):
    """An array of numbers that `write` wrote."""
    return np.array(values, dtype=float)
