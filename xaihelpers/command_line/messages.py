"""What the command line says: results on stdout, everything else in one line each on stderr."""

import contextlib
import sys
import warnings

FINE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130  # what the process returns


def sentence(error):
    """Return an error in one line; one that nobody foresaw with its kind."""
    text = " ".join(str(error).split())
    ours = isinstance(error, (ValueError, TypeError, OSError, ImportError))
    return text if ours and text else f"{type(error).__name__}: {text}"


def complain(line):
    """Say in one line what is wrong."""
    print(f"xaihelpers: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def only_our_warnings():
    """Say our own warnings in one line each; what other packages tell their developers is not said."""

    def show(message, category, *_, **__):
        if category.__module__.partition(".")[0] == "xaihelpers":
            complain(" ".join(str(message).split()))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


def shown_on_stderr():
    """Send to stderr what is printed on the way, so that stdout holds the results only."""
    return contextlib.redirect_stdout(sys.stderr)
