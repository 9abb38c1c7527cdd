"""What `make lab` tells JupyterLab."""

from pathlib import Path

c = get_config()  # noqa: F821

# The whole repository, or the notebooks' links to README.md and docs/ lead nowhere.
c.ServerApp.root_dir = str(Path(__file__).resolve().parents[2])


def without_the_version(model, **_):
    """Drop from a notebook that is saved which Python had it open, as tools/run_notebooks.py does.

    Reading a notebook must not change its file, or the next `git pull` conflicts.
    """
    if model["type"] == "notebook":
        model["content"]["metadata"].get("language_info", {}).pop("version", None)


c.FileContentsManager.pre_save_hook = without_the_version
