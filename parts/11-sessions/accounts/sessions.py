"""What happens in the life of a session: it begins, goes on with each refresh, and ends."""

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from .models import Session
from .throttles import Limit
from .tokens import RefreshToken


def begin(user, request):
    """Store a session for a user who has logged in. Returns its first token pair."""
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    session = Session(
        user=user,
        client="".join(filter(str.isprintable, user_agent))[:200],
        # Where the connection comes from. A header could say anything.
        ip_address=request.META.get("REMOTE_ADDR"),
    )
    token = new_token(user, session.pk)
    session.current_jti = token["jti"]
    session.save(force_insert=True)
    return pair(token)


def new_token(user, sid):
    token = RefreshToken.for_user(user)
    token["username"] = user.get_username()
    token["sid"] = str(sid)
    return token


def pair(token):
    return {"refresh": str(token), "access": str(token.access_token)}


def find(token):
    """Return the session that a token names, with its user: both in one query.

    Raises AuthenticationFailed when the session has ended, or its user may not go on.
    """
    try:
        session = Session.objects.select_related("user").get(pk=token["sid"])
    except Session.DoesNotExist as error:
        raise InvalidToken("Session not found") from error
    if str(session.user_id) != str(token.get("user_id")):
        raise InvalidToken("Session not found")
    if session.ended:
        reason = session.get_reason_display()
        raise AuthenticationFailed(f"This session has ended: {reason}.", code="session_ended")
    if not session.user.is_active:
        raise AuthenticationFailed("User is inactive", code="user_inactive")
    # A token holds a fingerprint of the password hash: with a new password, it is void.
    if token.get("hash_password") != get_md5_hash_password(session.user.password):
        raise AuthenticationFailed("The password has been changed.", code="password_changed")
    return session


def refresh(token):
    """Exchange a refresh token for a new pair. Raises AuthenticationFailed, or Throttled."""
    session = find(token)
    if session.current_jti != token["jti"]:
        raise refusal(session, token)
    Limit("refresh", session.user_id).check()
    new = new_token(session.user, session.pk)
    # Of two requests that come with the same token at the same moment, both have found it to be
    # the current one. The database lets only one of them change the row: that one wins.
    if not advance(Session.objects.filter(pk=session.pk, current_jti=token["jti"]), new):
        raise refusal(find(token), token)
    return pair(new)


def advance(sessions, token):
    """Make this the current refresh token. Returns how many sessions have changed: one or none."""
    return sessions.filter(ended=None).update(
        previous_jti=F("current_jti"), current_jti=token["jti"], last_used=timezone.now()
    )


def refusal(session, token):
    """Return why a retired refresh token is refused. It may cost the session."""
    is_the_last_one = session.previous_jti and token["jti"] == session.previous_jti
    if is_the_last_one and timezone.now() - session.last_used <= settings.REFRESH_GRACE_PERIOD:
        # Two tabs refreshed at once, most likely, and the other one has the new pair.
        return AuthenticationFailed("This token was just exchanged.", code="token_exchanged")
    # Two have held this token, and nobody can tell which of them is the thief.
    Session.objects.filter(pk=session.pk).end(Session.Reason.TOKEN_REUSED)
    return AuthenticationFailed(
        "This token was exchanged before, so its session has ended.", code="token_reused"
    )


def after_new_password(user, sid):
    """End all sessions of a user but this one, which goes on. Returns its new token pair."""
    user.sessions.exclude(pk=sid).end(Session.Reason.PASSWORD_CHANGED)
    token = new_token(user, sid)
    if not advance(user.sessions.filter(pk=sid), token):
        raise AuthenticationFailed("This session has ended.", code="session_ended")
    return pair(token)
