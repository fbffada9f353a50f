"""What a piece of work costs, for tests that hold it to a yardstick run beside it: no gate in seconds holds on every machine."""

import gc
import time
from collections.abc import Callable


def processor_s(run: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of processor time that `run` takes, the least of some rounds, without a collection of garbage in them."""
    return min(_once(run) for _ in range(rounds))


def _once(run: Callable[[], object]) -> float:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        run()
        return time.process_time() - began
    finally:
        if was_on:
            gc.enable()
