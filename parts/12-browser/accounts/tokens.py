from uuid import UUID

from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError


class SessionTokenMixin:
    """A token that names its session, in the claim `sid`."""

    def __init__(self, *args, **kwargs):
        # Anyone who has the key can sign claims that make no sense, an `exp` in thirty thousand
        # years for example. Simple JWT does not expect that.
        try:
            super().__init__(*args, **kwargs)
        except (AttributeError, OSError, OverflowError, TypeError, ValueError) as error:
            raise TokenError("Token is invalid") from error

    def verify(self):
        super().verify()
        if "sid" not in self.payload:
            raise TokenError("Token has no session")
        UUID(self.payload["sid"])


class AccessToken(SessionTokenMixin, tokens.AccessToken):
    pass


class RefreshToken(SessionTokenMixin, tokens.RefreshToken):
    access_token_class = AccessToken


class BrowserRefreshToken(RefreshToken):
    """One that is only ever in a cookie: where apps send theirs, it has the wrong type."""

    token_type = "browser_refresh"
