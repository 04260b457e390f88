"""Small products of matrices on one thread: waking the others costs more than they save.

OpenBLAS shares out a product of some hundred rows and columns to all cores, and they wait for each other: where other work keeps
two cores busy, the decomposition behind a RISE map takes eight times the processor time that one thread needs.
"""

import functools
import threading
from contextlib import contextmanager

_lock = threading.Lock()
_users = 0
_limit = None


@contextmanager
def one_thread():
    """In this block numpy multiplies and decomposes matrices on one thread; sums are then rounded alike in every run.

    Blocks may lie in each other, and beside each other in several threads: the last one that ends gives the threads back.
    """
    global _users, _limit
    with _lock:
        _users += 1
        if _users == 1:
            _limit = _libraries().limit(limits=1, user_api="blas")
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _limit.restore_original_limits()


@functools.cache
def _libraries():
    import numpy  # noqa: F401  # the controller knows the libraries that are loaded when it is made
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
