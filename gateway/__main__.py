"""`python -m gateway`: serves until it is asked to stop."""

import sys

from gateway import process

if __name__ == "__main__":
    sys.exit(process.main())
