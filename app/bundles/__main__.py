"""`python -m app.bundles`."""

import sys

from app.bundles.command import main

if __name__ == "__main__":
    sys.exit(main())
