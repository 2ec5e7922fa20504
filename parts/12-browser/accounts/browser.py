"""Sessions of browsers: the refresh token is in a cookie, out of every script's reach."""

from contextlib import suppress

from django.conf import settings
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, UnsupportedMediaType
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.views import TokenViewBase

from reviews.parsers import JSONParser

from . import sessions
from .models import Session
from .permissions import IsBrowser
from .serializers import ChangePasswordSerializer, UsernameTokenObtainPairSerializer
from .tokens import BrowserRefreshToken
from .views import ChangePasswordView, LoginView


class BrowserLoginSerializer(UsernameTokenObtainPairSerializer):
    token_class = BrowserRefreshToken


class BrowserRefreshSerializer(serializers.Serializer):
    def validate(self, attrs):
        return sessions.refresh(token_in_cookie(self.context["request"]))


class BrowserChangePasswordSerializer(ChangePasswordSerializer):
    token_class = BrowserRefreshToken


def token_in_cookie(request):
    """Return the refresh token that the browser sent along. Raises TokenError."""
    return BrowserRefreshToken(request.COOKIES.get(settings.REFRESH_COOKIE["key"], ""))


class BrowserMixin:
    """Browsers send cookies along whoever asks them to: only our own pages may ask."""

    parser_classes = [JSONParser]

    def initial(self, request, *args, **kwargs):
        if request.method in set(self.allowed_methods).difference(SAFE_METHODS):
            self.check_where_it_comes_from(request)
        super().initial(request, *args, **kwargs)

    def check_where_it_comes_from(self, request):
        # A page that asks nobody can send what an HTML form can, and JSON is nothing of that.
        # Without a body no parser would be asked, so we ask.
        if not request.negotiator.select_parser(request, request.parsers):
            raise UnsupportedMediaType(request.content_type)
        # And with all that may change something, a browser says whose page it is.
        if request.headers.get("Origin") not in settings.CORS_ALLOWED_ORIGINS:
            raise PermissionDenied("Not from a page of this origin.")

    def finalize_response(self, request, response, *args, **kwargs):
        if response.status_code == status.HTTP_200_OK and "refresh" in response.data:
            lifetime = api_settings.REFRESH_TOKEN_LIFETIME
            set_cookie(response, response.data.pop("refresh"), max_age=lifetime)
            # In seconds (RFC 6749, section 5.1): a computer's own clock may be wrong.
            lifetime = api_settings.ACCESS_TOKEN_LIFETIME
            response.data["expires_in"] = int(lifetime.total_seconds())
        return super().finalize_response(request, response, *args, **kwargs)


def set_cookie(response, value, max_age):
    response.set_cookie(value=value, max_age=max_age, **settings.REFRESH_COOKIE)


class BrowserLoginView(BrowserMixin, LoginView):
    serializer_class = BrowserLoginSerializer


class BrowserRefreshView(BrowserMixin, TokenViewBase):
    serializer_class = BrowserRefreshSerializer


class BrowserChangePasswordView(BrowserMixin, ChangePasswordView):
    serializer_class = BrowserChangePasswordSerializer
    permission_classes = [IsAuthenticated, IsBrowser]

    def get_object(self):
        return self.request.user


class BrowserLogoutView(BrowserMixin, APIView):
    # The cookie says which session. It is cleared whatever it holds.
    authentication_classes = []
    permission_classes = []

    def post(self, request):
        response = Response(status=status.HTTP_204_NO_CONTENT)
        set_cookie(response, "", max_age=0)
        with suppress(TokenError):
            sid = token_in_cookie(request)["sid"]
            Session.objects.filter(pk=sid).end(Session.Reason.LOGOUT)
        return response
