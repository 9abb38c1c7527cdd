"""What holds for every test and every notebook run."""

import os
import signal

# Two processes test at a time, with notebooks' kernels beside them; and with one thread a sum has one order, so that
# notebooks show the same digits each time. Threads are counted when numpy and torch are imported, so this comes first.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell's background job ignores Ctrl-C, and so would the processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("agg")  # not by MPLBACKEND, which the notebooks' kernels would inherit

# A busy machine is no error, so no deadlines; and CI fails for what changed, not for a new random example.
settings.register_profile("course", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("course")


def pytest_addoption(parser):
    parser.addoption("--faults", action="store_true", help="as many random faults as `make faults` tries")


@pytest.fixture
def trials(request, record_property):
    """trials(few, all): the numbers of random faults that a test tries, few in `make test`, all in `make faults`."""

    def numbers(few, all):
        n = all if request.config.getoption("--faults") else few
        record_property("trials", n)
        return range(n)

    return numbers


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--faults"):
        terminalreporter.section("random faults, all survived")
        for report in terminalreporter.getreports("passed"):
            if report.user_properties:
                said = ", ".join(f"{count} {what}" for what, count in report.user_properties)
                terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {said}")
