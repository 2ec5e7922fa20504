"""The ladder: which parts there are, in order, and what each of them adds.

Everything else asks here: a row says what its part introduces, and the rows after it have
it too until one of them says otherwise. Nothing else compares a part's number.

Standard library only, because the checkpoint tests import it in environments
that hold nothing but a part's own requirements and the test tools.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "parts"


@dataclass(frozen=True)
class Part:
    """One checkpoint: a folder below ``parts/``, what it adds, and what it can do."""

    number: int
    slug: str
    adds: str
    title: str = ""
    client_sees: str = ""  # for the README's table
    packages: tuple[str, ...] = ()  # the distributions that this part adds

    # Capabilities and URLs, kept by the parts that follow
    products: str = ""  # the list of products
    expands: bool = False  # ``?expand=`` nests what belongs to a product
    protected: str = ""  # the list of images; it asks for a token where there are tokens
    pictures: bool = False  # `manage.py load_pictures` brings the demo pictures
    login: str = ""  # where a password is exchanged for a token pair
    refresh: str = ""  # where a refresh token is exchanged for a new pair
    logout: str = ""
    logout_all: str = ""
    sessions: str = ""  # the list of one's own sessions
    has_blacklist: bool = False  # a table of refresh tokens that are refused
    staff_edits_images: bool = False  # and nobody else does
    checks_claims: bool = False  # odd claims under a good signature are refused
    browser: str = ""  # below it, a browser's refresh token comes and goes in a cookie

    def __str__(self) -> str:
        """The number, as one names a part on the command line."""
        return str(self.number)

    @property
    def path(self) -> Path:
        return PARTS / self.slug

    @property
    def has_tokens(self) -> bool:
        return bool(self.login)

    @property
    def has_sessions(self) -> bool:
        """Whether a login is a row, which an access token too depends on."""
        return bool(self.sessions)

    @property
    def has_browser(self) -> bool:
        """Whether there is a client for browsers, with endpoints of its own."""
        return bool(self.browser)

    @property
    def single_use(self) -> bool:
        """Whether a refresh token is good for one refresh."""
        return self.has_blacklist or self.has_sessions

    @property
    def before(self) -> Part | None:
        """The part before this one, or None."""
        earlier = [part for part in LADDER if part.number < self.number]
        return earlier[-1] if earlier else None

    @property
    def after(self) -> Part | None:
        """The part after this one, or None."""
        return next((part for part in LADDER if part.number > self.number), None)

    def then(
        self,
        slug: str,
        *,
        title: str,
        adds: str,
        client_sees: str,
        packages: tuple[str, ...] = (),
        **capabilities: Any,
    ) -> Part:
        """Return the next part: all that this one can do, and what its row says.

        Its number is the one that its folder begins with.
        """
        return replace(
            self,
            number=int(slug.partition("-")[0]),
            slug=slug,
            title=title,
            adds=adds,
            client_sees=client_sees,
            packages=packages,
            **capabilities,
        )


LADDER = (
    models := Part(
        1,
        "01-models",
        title="Models",
        adds="the project, its models and migrations",
        client_sees="`/admin/` login",
        packages=("django",),
    ),
    admin := models.then(
        "02-admin",
        title="Admin",
        adds="every model in the admin, found and searched",
        client_sees="found, searched, edited",
    ),
    rest_api := admin.then(
        "03-rest-api",
        title="REST API",
        adds="a read-only, paginated API",
        client_sees="`/product/`, `/product/<pk>/`",
        packages=("djangorestframework",),
        products="/product/",
    ),
    expand_and_filter := rest_api.then(
        "04-expand-and-filter",
        title="Expand and filter",
        adds="nested and sparse fields, filters, search, ordering",
        client_sees="`?expand=sites.company`, `?category=1`",
        packages=("drf-flex-fields", "django-filter"),
        expands=True,
    ),
    images := expand_and_filter.then(
        "05-images",
        title="Images",
        adds="image upload and renditions",
        client_sees="`/image/`",
        packages=("django-pictures", "django-cleanup", "pillow"),
        protected="/image/",
        pictures=True,
    ),
    cors := images.then(
        "06-cors",
        title="CORS",
        adds="rules for browser clients of another origin",
        client_sees="responses readable by the allowed origin only",
        packages=("django-cors-headers",),
    ),
    jwt_authentication := cors.then(
        "07-jwt-authentication",
        title="JWT authentication",
        adds="access and refresh tokens, rotation, a custom claim",
        client_sees="`/token/`, `/token/refresh/`, `Authorization: Bearer …`",
        packages=("djangorestframework-simplejwt",),
        login="/token/",
        refresh="/token/refresh/",
    ),
    register := jwt_authentication.then(
        "08-register",
        title="Register",
        adds="registration, login at /auth/, a limit on guessing passwords",
        client_sees="`/auth/login/`, `/auth/login/refresh/`, `/auth/register/`",
        login="/auth/login/",
        refresh="/auth/login/refresh/",
    ),
    profile := register.then(
        "09-profile",
        title="Profile",
        adds="changing your own password and profile, writing comments",
        client_sees="`/auth/change_password/<pk>/`, `/auth/update_profile/<pk>/`, `/comment/`",
        staff_edits_images=True,
    ),
    logout := profile.then(
        "10-logout",
        title="Logout",
        adds="the token blacklist: logout here, logout everywhere",
        client_sees="`/auth/logout/`, `/auth/logout_all/`",
        logout="/auth/logout/",
        logout_all="/auth/logout_all/",
        has_blacklist=True,
    ),
    sessions := logout.then(
        "11-sessions",
        title="Sessions",
        adds="one row a login: devices, reuse detection, access that ends at once",
        client_sees="`/auth/sessions/`, `/auth/sessions/<id>/`",
        sessions="/auth/sessions/",
        has_blacklist=False,
        checks_claims=True,
    ),
    browser := sessions.then(
        "12-browser",
        title="Browser",
        adds="a browser client whose refresh token no script can read",
        client_sees="`/auth/browser/login/`, `…/refresh/`, `…/logout/`; a page at port 3000",
        browser="/auth/browser/",
    ),
)


def find(name: str | int) -> Part:
    """Return the part that a person means by ``7``, ``"07"`` or ``"07-jwt-authentication"``.

    A path to its folder is understood too, because that is what Tab completes to. Raises
    LookupError, with a sentence to show, when there is no such part.
    """
    text = str(name).strip().rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    for part in LADDER:
        if text == part.slug or (text.isdecimal() and int(text) == part.number):
            return part
    raise LookupError(
        f"There is no part {str(name)!r}; the parts are 1 to {LADDER[-1].number} "
        "(`tutorial parts` lists them)."
    )


def first(capability: str) -> Part:
    """Return the part that introduces a capability: ``first("has_tokens")`` is part 7.

    Raises LookupError when no part has it.
    """
    for part in LADDER:
        if getattr(part, capability):
            return part
    raise LookupError(f"No part has {capability}.")


def up_to(number: int) -> tuple[Part, ...]:
    """Return the parts from the first to the one with this number."""
    return tuple(part for part in LADDER if part.number <= number)


def canonical(distribution: str) -> str:
    """Return the one spelling of a distribution's name, in which a row's ``packages`` are.

    (packaging.python.org, "Name normalization")
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()
