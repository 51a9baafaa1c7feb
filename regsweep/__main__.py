"""``python -m regsweep``, the same as the console script ``regsweep``."""

from regsweep.cli import main

if __name__ == "__main__":
    main()
