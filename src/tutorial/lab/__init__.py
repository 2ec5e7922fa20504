"""The token lab: a page for a projector that shows a token pair living and expiring.

The page talks to a part's real server, and comes from another origin than that server, so
that the part's own CORS rules decide whether it may. ``web`` holds the page, plain HTML, CSS
and JavaScript; ``page`` serves it, and ``server`` runs both.
"""

from tutorial.lab.help import HELP
from tutorial.lab.server import Lab, lab, run

__all__ = ["HELP", "Lab", "lab", "run"]
