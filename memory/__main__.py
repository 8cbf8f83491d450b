"""``python -m remem``, the same as the command ``remem``."""

import sys

from remem.cli import main

if __name__ == "__main__":
    sys.exit(main())
