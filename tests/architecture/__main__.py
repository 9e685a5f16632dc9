"""`python -m tests.architecture [--figures] [ROOT]`: exit 1 and one line per violation."""

import argparse
import sys
from pathlib import Path

from tests.architecture import violations
from tests.architecture.sizes import figures
from tests.architecture.tree import Tree


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.architecture", description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path.cwd())
    parser.add_argument("--figures", action="store_true", help="also tell how long functions and files are")
    options = parser.parse_args()
    if options.figures:
        print("\n".join(figures(Tree(options.root))))
    found = violations(options.root)
    print("\n".join(found) or "The house is in order.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
