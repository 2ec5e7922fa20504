"""A JSON Web Token taken apart by hand, and its three parts told apart by colour.

A token is ``header.payload.signature``, each part in base64url (RFC 7515, sections 2 and 3.1).
Nothing here verifies a signature: reading a token needs no key, and that is the lesson.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from rich.text import Text

# Header, payload and signature in about the colours that jwt.io made known, each as far from
# black as from white, so that they can be read on a dark terminal and on a light one.
COLOURS = {"header": "#e5006e", "payload": "#875fd7", "signature": "#008484"}


def decode(token: str) -> tuple[dict, dict]:
    """Return what header and payload say. Whether it is true, only the signature can tell.

    Raises ValueError when it is not three parts, the first two of them JSON objects.
    """
    header, payload, _signature = token.split(".")
    return _read(header), _read(payload)


def encode(content: dict) -> str:
    """Return a header or payload as it stands in a token: compact JSON in base64url."""
    text = json.dumps(content, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def coloured(token: str) -> list[Text]:
    """Return header, payload and signature in their colours, the dots between them included."""
    header, payload, signature = token.split(".")
    parts = (f"{header}.", f"{payload}.", signature)
    return [Text(part, style) for part, style in zip(parts, COLOURS.values(), strict=True)]


def _read(part: str) -> dict:
    # base64url leaves out the padding that Python's decoder asks for (RFC 7515, section 2).
    content = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(content, dict):
        raise ValueError("A header or payload is a JSON object.")
    return content
