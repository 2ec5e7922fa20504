"""Starts the command line, and ends it in a word when Ctrl-C comes while it is still loading."""

import sys


def main() -> None:
    try:
        from tutorial.cli import app

        app(prog_name="tutorial")
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
