"""What is kept quiet: TensorFlow's start-up messages, and diagnostics that are read from the result instead."""

import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ._late import late

# The one place that sets it; without, they would stand in red above every lesson. Whoever wants them sets it before.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Parts of Keras that nobody asks for here: with them come scikit-learn and pyplot, a quarter of the whole import.
_LATE = [f"{keras}.{part}" for keras in ("keras", "keras.src", "keras._tf_keras.keras") for part in ("wrappers", "visualization")]

_ONE_AT_A_TIME = threading.RLock()
_SILENCED = ContextVar("silenced", default=None)


def import_tensorflow():
    """Import TensorFlow; what its libraries say about missing graphics cards before logging begins is not shown."""
    with quiet_import():
        import tensorflow  # noqa: F401


class _TensorFlow:
    """TensorFlow, imported when something of it is asked for: a menu of techniques needs their modules, and not this."""

    def __getattr__(self, name):
        import_tensorflow()
        return getattr(sys.modules["tensorflow"], name)


tf = _TensorFlow()


@contextmanager
def quiet_import():
    """What TensorFlow's libraries say when this block imports it is not shown; if the block fails it is, after all.

    Those lines are written straight to the process's error stream, whatever the log level is. One thread at a time: two that
    borrow the stream at once give it back in the wrong order.
    """
    with _ONE_AT_A_TIME:
        if "tensorflow" in sys.modules:
            yield
            return
        sys.stderr.flush()
        stderr = os.dup(2)
        with tempfile.TemporaryFile() as messages:
            os.dup2(messages.fileno(), 2)
            failed = True
            try:
                with late(_LATE):
                    yield
                failed = False
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
                if failed:
                    messages.seek(0)
                    sys.stderr.write(messages.read().decode(errors="replace"))


@contextmanager
def without_warnings() -> Iterator[list[str]]:
    """Techniques called in this block, by this thread, keep their diagnostics in the result and warn of nothing.

    Gives the list to which their sentences are added, and those of a `DiagnosticWarning` that somebody's own function gives.
    """
    # Python's own filters belong to all threads at once: changing them here would silence another cell.
    sentences = []
    token = _SILENCED.set(sentences)
    try:
        yield sentences
    finally:
        _SILENCED.reset(token)


@contextmanager
def one_network_after_another():
    """TensorFlow takes networks that are made one after another for one that is compiled again and again: it need not say so."""

    def other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)


def hear(*sentences):
    """Add sentences to the list of the quiet block around this call, if there is one; return whether there is."""
    kept = _SILENCED.get()
    if kept is not None:
        kept += sentences
    return kept is not None


def announce(*sentences):
    """Warn of each sentence that there is, in the name of the caller's caller; return them as a tuple."""
    from .results import DiagnosticWarning  # late: with it comes numpy, which `--help` does without

    sentences = tuple(sentence for sentence in sentences if sentence)
    for sentence in () if hear(*sentences) else sentences:
        warnings.warn(sentence, DiagnosticWarning, stacklevel=3)
    return sentences
