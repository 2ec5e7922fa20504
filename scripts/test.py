"""Checks everything in the repository: python3 scripts/test.py [arguments of nox]"""

import sys

import bootstrap

if __name__ == "__main__":
    bootstrap.main(["-m", "tutorial.verifying", *sys.argv[1:]], cwd=bootstrap.ROOT)
