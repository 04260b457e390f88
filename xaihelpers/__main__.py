"""`python -m xaihelpers photo.jpg --method grad_cam` draws an explanation; `--help` says what else it can do."""

import sys

from .command_line import main

if __name__ == "__main__":
    sys.exit(main())
