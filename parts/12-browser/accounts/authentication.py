from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPE_BYTES, JWTAuthentication

from . import sessions


class SessionJWTAuthentication(JWTAuthentication):
    """An access token is good as long as its session is."""

    def get_user(self, validated_token):
        return sessions.find(validated_token).user

    def authenticate_header(self, request):
        challenge = super().authenticate_header(request)
        # Tells a token that is no good from none at all (RFC 6750, section 3).
        scheme = (self.get_header(request) or b"").split()[:1]
        if scheme and scheme[0] in AUTH_HEADER_TYPE_BYTES:
            challenge += ', error="invalid_token"'
        return challenge
