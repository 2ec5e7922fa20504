"""The ladder: which parts there are, in order, and what each of them adds.

Standard library only, because the checkpoint tests import it in environments
that hold nothing but a part's own requirements and the test tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "parts"

# What a run, an editor or a virtual environment leaves in a project folder.
LEFTOVERS = (
    "__pycache__",
    "*.pyc",
    "*.egg-info",
    "*.sqlite3*",
    "media",
    "static",
    "node_modules",
    "env",
    "venv",
    ".*",
)


@dataclass(frozen=True)
class Part:
    """One checkpoint: a folder below ``parts/`` and what it adds to the one before."""

    number: int
    slug: str
    adds: str
    packages: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return PARTS / self.slug

    @property
    def login(self) -> str:
        """Where a token pair is obtained, from part 7 on."""
        return "/token/" if self.number < 8 else "/auth/login/"

    @property
    def refresh(self) -> str:
        """Where a token pair is refreshed, from part 7 on."""
        return f"{self.login}refresh/"

    @property
    def title(self) -> str:
        """The part's name in words: ``07-jwt-authentication`` → ``JWT authentication``."""
        words = self.slug[3:].replace("-", " ")
        for name in ("rest api", "cors", "jwt"):
            words = words.replace(name, name.upper())
        return words[0].upper() + words[1:]


LADDER = (
    Part(1, "01-models", "the project, its models and migrations", ("django",)),
    Part(2, "02-admin", "every model in the admin, found and searched"),
    Part(3, "03-rest-api", "a read-only, paginated API", ("djangorestframework",)),
    Part(
        4,
        "04-expand-and-filter",
        "nested and sparse fields, filters, search, ordering",
        ("drf-flex-fields", "django-filter"),
    ),
    Part(
        5,
        "05-images",
        "image upload and renditions",
        ("django-pictures", "django-cleanup", "pillow"),
    ),
    Part(6, "06-cors", "rules for browser clients of another origin", ("django-cors-headers",)),
    Part(
        7,
        "07-jwt-authentication",
        "access and refresh tokens, rotation, a custom claim",
        ("djangorestframework-simplejwt",),
    ),
    Part(8, "08-register", "registration, login at /auth/, a limit on guessing passwords"),
    Part(9, "09-profile", "password and profile of one's own, comments of one's own"),
    Part(10, "10-logout", "the token blacklist: logout here, logout everywhere"),
)


def find(name: str | int) -> Part:
    """Return the part that a person means by ``7``, ``"07"`` or ``"07-jwt-authentication"``.

    Raises LookupError, with a sentence to show, when there is no such part.
    """
    text = str(name).strip().rstrip("/\\")
    for part in LADDER:
        if text == part.slug or (text.isdecimal() and int(text) == part.number):
            return part
    raise LookupError(
        f"There is no part {text!r}; the parts are 1 to {LADDER[-1].number} "
        "(`tutorial parts` lists them)."
    )


def up_to(number: int) -> tuple[Part, ...]:
    """Return the parts from the first to the one with this number."""
    return tuple(part for part in LADDER if part.number <= number)
