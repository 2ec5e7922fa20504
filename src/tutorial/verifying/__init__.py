"""Everything that is verified, run side by side; and what a change can break.

``jobs`` runs commands on all processors and keeps their output, ``words`` says what failed and
how to repeat it, ``sessions`` makes a job of each session of nox, and ``changed`` of what a
change since ``main`` can break. `scripts/test.py` starts this.
"""
