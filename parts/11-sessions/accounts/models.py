from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.settings import api_settings


class SessionQuerySet(models.QuerySet):
    def end(self, reason):
        """End those that have not ended yet. Returns how many."""
        return self.filter(ended=None).update(ended=timezone.now(), reason=reason)

    def outdated(self):
        """Those that ended, or were last used, longer ago than a refresh token lives."""
        return self.filter(is_outdated())

    def recent(self):
        return self.exclude(is_outdated())


def is_outdated():
    limit = timezone.now() - api_settings.REFRESH_TOKEN_LIFETIME
    return Q(ended__lt=limit) | Q(ended=None, last_used__lt=limit)


class Session(models.Model):
    """A login on one device. It knows which refresh token is current, and holds no token."""

    class Reason(models.TextChoices):
        LOGOUT = "logout", "logged out"
        LOGOUT_ALL = "logout_all", "logged out everywhere"
        PASSWORD_CHANGED = "password_changed", "the password was changed"
        OTHER_DEVICE = "other_device", "ended from another device"
        STAFF = "staff", "ended by staff"
        TOKEN_REUSED = "token_reused", "a refresh token was used twice"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions"
    )
    # When it began, and when it was last refreshed. Other requests write nothing.
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(default=timezone.now)
    client = models.CharField(max_length=200, blank=True)
    ip_address = models.GenericIPAddressField("IP address", null=True, blank=True)
    # The `jti` of the refresh token that is good for the next refresh, and of the one before.
    current_jti = models.CharField(max_length=32)
    previous_jti = models.CharField(max_length=32, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "pk"]
        indexes = [models.Index(fields=["user", "-created"], name="session_of_user")]

    def __str__(self):
        return self.client or str(self.pk)
