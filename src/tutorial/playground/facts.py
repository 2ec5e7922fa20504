"""What the playground's pages are told: the parts, as the lab knows them, and the differences."""

from __future__ import annotations

from typing import Any

from tutorial.lab.page import facts
from tutorial.ladder import Part
from tutorial.playground.inside.server import HOST, PORT

API = f"http://{HOST}:{PORT}"  # as in the chapters, though nothing listens there


def differences(part: Part) -> list[str]:
    """Return, in words, where a part in a page is not what it is on a computer."""
    found = [
        f"The code of the part, unchanged, runs in Python in this page. No request leaves it: "
        f"nothing listens at {API}.",
        "One request at a time: there are no threads, so no two requests can meet.",
        "The database is in memory, and without a write-ahead log. Reload the page, and it is as "
        "it was at first.",
        "Whatever the browser enforces between two origins (CORS) is not enforced here, because "
        "there is only one. The headers are sent, though.",
    ]
    if part.pictures:
        found.append(
            "Pillow has no core for a page: pictures can be listed and refused, and an upload "
            "that has to be decoded is answered with 501."
        )
    found.append(
        f"On your own computer nothing of this is so: `tutorial serve {part.number}`"
        + (f", and the same page with `tutorial lab --part {part.number}`." if part.login else ".")
    )
    return found


def of_part(part: Part) -> dict[str, Any]:
    """Return what the lab's page would be told of this part, and what only this page is."""
    return {
        **facts(part, API, has_clock=True),
        "slug": part.slug,
        "products": part.products,
        "differences": differences(part),
    }
