"""TensorFlow without its start-up messages, which would stand in red above every lesson."""

import os
import sys
import tempfile

# Whoever wants TensorFlow's messages sets the variable before.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def import_tensorflow():
    """Import TensorFlow; what its libraries say about missing graphics cards before logging begins is not shown.

    Those lines are written straight to the process's error stream, whatever the log level is. If the import fails they
    are shown after all.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        failed = True
        try:
            import tensorflow  # noqa: F401

            failed = False
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            if failed:
                said.seek(0)
                sys.stderr.write(said.read().decode(errors="replace"))
