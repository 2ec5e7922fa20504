from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken


class SingleUseRefreshToken(RefreshToken):
    def blacklist(self):
        # Of two requests that come with the same token at the same moment, both find it off
        # the blacklist. The database lets only one of them put it there: that one wins.
        entry, created = super().blacklist()
        if not created:
            raise TokenError("Token is blacklisted")
        return entry, created
