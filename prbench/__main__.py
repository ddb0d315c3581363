"""``python -m prbench``: the command line, for an environment whose scripts are not on the path."""

from prbench.cli import main

if __name__ == "__main__":
    main()
