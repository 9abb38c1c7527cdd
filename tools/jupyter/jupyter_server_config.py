"""What `make lab` tells JupyterLab: reading a notebook must not change its file, or the next `git pull` conflicts."""


def without_the_version(model, **_):
    """Drop from a notebook that is saved which Python had it open, as tools/run_notebooks.py does."""
    if model["type"] == "notebook":
        model["content"]["metadata"].get("language_info", {}).pop("version", None)


get_config().FileContentsManager.pre_save_hook = without_the_version  # noqa: F821
