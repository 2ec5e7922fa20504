from hashlib import sha256

from rest_framework.exceptions import Throttled
from rest_framework.throttling import SimpleRateThrottle


class Limit(SimpleRateThrottle):
    """A limit for an account or a user, checked as soon as it is known for which one.

    The throttles of a view come too early for that: they know only who sent the request.
    """

    def __init__(self, scope, ident):
        self.scope = scope
        # Hashed, because not every name can be a key in every cache.
        self.ident = sha256(str(ident).encode()).hexdigest()
        super().__init__()

    def parse_rate(self, rate):
        # The framework knows a minute and an hour, and nothing between them.
        if rate and rate.endswith("/15min"):
            return int(rate.removesuffix("/15min")), 15 * 60
        return super().parse_rate(rate)

    def get_cache_key(self, request, view):
        return self.cache_format % {"scope": self.scope, "ident": self.ident}

    def check(self):
        """Count an attempt. Raises Throttled when there have been too many."""
        if not self.allow_request(request=None, view=None):
            raise Throttled(self.wait())

    def forget(self):
        self.cache.delete(self.key)
