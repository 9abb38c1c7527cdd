"""What the tests of the optimizers share: short windows with momentum are how a few steps show many updates."""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:Windows of .* are shorter than:UserWarning"), append=False)
