"""Waiting by the clock, however slow the machine is."""

import asyncio
import time


async def until(condition, seconds=60):
    """Wait for something that another task or thread brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come about in time."
        await asyncio.sleep(0.001)
