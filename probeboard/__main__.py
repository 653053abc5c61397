"""`python -m probeboard`: the command line."""

import sys

from probeboard.cli.main import main

# Worker processes import this module too, under another name.
if __name__ == "__main__":
    sys.exit(main())
