"""Shows a token being born, expiring and being refreshed: python3 scripts/demo.py [--help]"""

import sys

import bootstrap

if __name__ == "__main__":
    bootstrap.main(["-m", "tutorial", "demo", *sys.argv[1:]])
