"""Checks everything in the repository: python3 scripts/test.py [arguments of nox]"""

import os
import sys

import bootstrap

if __name__ == "__main__":
    if "--help" in sys.argv or "-h" in sys.argv:
        print("Checks everything in this repository with nox, and takes the arguments of nox:\n")
    os.environ.setdefault("NOX_PARALLEL", "auto")  # a session on each processor
    bootstrap.main(["-m", "nox", *sys.argv[1:]], cwd=bootstrap.ROOT)
