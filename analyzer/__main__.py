"""``python -m analyzer``: the ``dlmshark`` command where no script of that name is on the path."""

import sys

from analyzer.cli.main import program

if __name__ == "__main__":
    sys.exit(program())
