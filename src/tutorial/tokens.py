"""A JSON Web Token taken apart by hand: its segments, their colours, what its claims mean.

A token is ``header.payload.signature``, each segment in base64url (RFC 7515, sections 2 and 3.1).
Nothing here verifies a signature: reading a token needs no key, and that is the lesson.

Standard library only, because a part's own environment may need it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

# Header, payload and signature in about the colours that jwt.io made known, each as far from
# black as from white, so that they can be read on a dark terminal and on a light one.
COLOURS = {"header": "#e5006e", "payload": "#875fd7", "signature": "#008484"}

# What the names in a header and a payload mean, in the demo and in the lab.
MEANINGS = {
    "alg": "how it is signed: HS256 is HMAC with SHA-256, and one secret key",
    "typ": "what it is: a JSON Web Token",
    "token_type": "what it is for: access for the API, refresh for new tokens",
    "exp": "when it expires (RFC 7519, section 4.1.4)",
    "iat": "when it was issued",
    "jti": "the token's unique ID: no two tokens share one",
    "user_id": "whose it is: the user's primary key in the database",
    "username": "a custom claim, so that a page can greet its user: signed, but not secret",
    "sid": "its session: a login on one device, a row in the database",
    "hash_password": "a fingerprint of the stored password hash: a new password voids the token",
}


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what header and payload say. Whether it is true, only the signature can tell.

    Raises ValueError when it is not three segments, the first two of them JSON objects.
    """
    header, payload, _signature = token.split(".")
    return _read(header), _read(payload)


def encode(content: dict[str, Any]) -> str:
    """Return a header or payload as it is in a token: compact JSON in base64url."""
    text = json.dumps(content, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(segment: str) -> dict[str, Any]:
    # base64url leaves out the padding that Python's decoder asks for (RFC 7515, section 2).
    content = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if not isinstance(content, dict):
        raise ValueError("A header or payload is a JSON object.")
    return content
