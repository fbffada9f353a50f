"""Bounds on what a library does with octets that it misreads: of computing and of memory. The workers import it.

What it takes for an array it may read without end, until no memory is left.
"""

import contextlib
import resource
import signal

LIMIT_SECONDS = 2
"""Of computing, not of waiting: a machine that is busy makes no difference."""
LIMIT_OCTETS = 1 << 30


def stop(*_):
    raise TimeoutError(f"still reading after {LIMIT_SECONDS} s")


def set_bounds():
    """Let an allocation beyond the limit fail, and computing beyond it end, as errors of the library."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_OCTETS, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGVTALRM, stop)


@contextlib.contextmanager
def bounded():
    """Stop what is still reading after the limit, and again where the library goes on."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECONDS, LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
