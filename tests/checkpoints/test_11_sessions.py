"""Part 11: one row a login: devices, reuse detection, access that ends at once."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests
from django.conf import settings as project_settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from tutorial import tokens
from tutorial.checking.promises import (
    PART,
    Client,
    expect,
    just_before,
    just_before_writing,
    queries,
    together,
)
from tutorial.running.server import PASSWORD, serve

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("accounts/sessions.py", "What happens when a session begins, and goes on?"),
]

OLD, NEW = "correct horse", "a compiler, of all things"
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
GRACE = timedelta(seconds=10)
SHOWN = {"pk", "created", "last_used", "client", "ip_address", "ended", "reason", "current"}


def stored():
    """The sessions in the database."""
    from accounts.models import Session

    return Session.objects


def log_in(username="ada", **more):
    """Log in with a client of its own; return it, and its token pair."""
    client = Client(SERVER_NAME="localhost", **more)
    answer = client.post(PART.login, {"username": username, "password": OLD})
    return client, take(client, expect(answer, 200))


def take(client, pair):
    """Let the client send this pair's access token; return the pair."""
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"
    return pair


def refresh(client, pair):
    return client.post(PART.refresh, {"refresh": pair["refresh"]})


def listed(client):
    """The caller's sessions, as the API shows them."""
    got = expect(client.get(PART.sessions), 200)
    return got["results"]


def one(pair):
    """The URL of a token pair's session."""
    return f"{PART.sessions}{sid(pair)}/"


def sid(pair):
    return tokens.decode(pair["access"])[1]["sid"]


def refused(answer, code):
    """The response is 401, and says why by this “code”."""
    got = expect(answer, 401)
    assert got.get("code") == code, f"“code” should be {code}: {got}"


def ended(pair, reason):
    """The session has ended, and this reason is stored."""
    got = stored().get(pk=sid(pair)).reason
    assert got == reason, f"the reason should be “{reason}”, is “{got}”"


@pytest.fixture
def grace(db):
    return get_user_model().objects.create_user("grace", "grace@example.com", OLD)


# A login is a session


@pytest.mark.mend("accounts/urls.py", 'Is SessionListView at "sessions/"?')
def test_a_login_is_a_session(user):
    """GET /auth/sessions/ shows a login: when, with which client, from which IP address."""
    client, _ = log_in(HTTP_USER_AGENT="Netscape 4.7", REMOTE_ADDR="192.0.2.7")
    got = expect(client.get("/auth/sessions/"), 200)["results"]
    assert len(got) == 1, f"there should be one session: {got}"
    assert set(got[0]) == SHOWN, f"a session should show {SHOWN}, shows {set(got[0])}"
    for name, value in {
        "client": "Netscape 4.7",
        "ip_address": "192.0.2.7",
        "ended": None,
        "reason": "",
        "current": True,
    }.items():
        assert got[0][name] == value, f"“{name}” should be {value!r}: {got[0]}"


def test_both_tokens_name_their_session(user):
    """The claim `sid` of both tokens is the session's key, and a refresh keeps it."""
    client, pair = log_in()
    new = take(client, expect(refresh(client, pair), 200))
    key = listed(client)[0]["pk"]
    UUID(key)
    for token in [*pair.values(), *new.values()]:
        claims = tokens.decode(token)[1]
        assert claims.get("sid") == key, f"`sid` should be {key}: {claims}"


@pytest.mark.mend("accounts/serializers.py", "Which `fields` does SessionSerializer show?")
def test_no_token_is_kept(user):
    """Neither the table nor the list holds a token; the list does not hold its `jti` either."""
    client, first = log_in()
    second = take(client, expect(refresh(client, first), 200))
    shown = client.get(PART.sessions).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_session")
        row = str(cursor.fetchall())
    for token in [*first.values(), *second.values()]:
        signature = token.rpartition(".")[2]
        assert signature not in row, "the table should hold no token"
        assert signature not in shown, f"the list should hold no token: {shown}"
        assert tokens.decode(token)[1]["jti"] not in shown, f"nor its `jti`: {shown}"


@pytest.mark.parametrize("agent", ["", "x" * 5000, "a\x00b\x1b[1m\u202e" + "é" * 300])
def test_any_client_may_log_in(user, agent):
    """The client's own name for itself is shortened, and holds nothing that cannot be printed."""
    # As a server hands over what was sent: as text of Latin-1.
    sent = agent.encode().decode("latin-1")
    client, _ = log_in(HTTP_USER_AGENT=sent, REMOTE_ADDR="")
    shown = listed(client)[0]
    name = shown["client"]
    assert len(name) <= 200, f"“client” should be shortened, has {len(name)} characters"
    assert not name or name.isprintable(), f"“client” should be printable: {name!a}"
    assert shown["ip_address"] is None, f"a Unix socket has no IP address: {shown}"


def test_the_ip_address_is_the_connection_s(user):
    """A header X-Forwarded-For, which anyone may write, is not believed."""
    more = {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_X_REAL_IP": "203.0.113.9"}
    client, _ = log_in(REMOTE_ADDR="192.0.2.7", **more)
    got = listed(client)[0]["ip_address"]
    assert got == "192.0.2.7", f"“ip_address” should be the connection's, is {got}"


# A refresh


@pytest.mark.mend("accounts/sessions.py", "Does `refresh` make the new token the current one?")
def test_an_exchanged_token_is_spent(user):
    """A refresh token is good for one refresh: 401 the second time, and the new one works."""
    client, old = log_in()
    new = expect(refresh(client, old), 200)
    expect(refresh(client, old), 401)
    expect(refresh(client, new), 200)


def test_a_refresh_is_one_update(user):
    """A refresh writes once: one row is changed, none is added."""
    client, pair = log_in()
    with queries() as statements:
        expect(refresh(client, pair), 200)
    writes = [sql.split()[0] for sql in statements if not sql.startswith("SELECT")]
    assert writes == ["UPDATE"], f"a refresh should be one UPDATE, was {writes}"


@pytest.mark.slow
@pytest.mark.hardening
def test_after_a_thousand_refreshes_there_is_one_row(user):
    """A page that is open for days is still one row."""
    client, pair = log_in()
    for _ in range(1000):
        cache.clear()  # the limit on refreshing is another promise
        pair = expect(refresh(client, pair), 200)
    assert stored().count() == 1, f"one session should be one row, is {stored().count()}"
    take(client, pair)
    assert len(listed(client)) == 1, "the list should show one session"


@pytest.mark.mend("accounts/sessions.py", "Is `last_used` written when a session is refreshed?")
def test_only_a_refresh_writes_when(user, time_machine):
    """“last_used” moves with each refresh; other requests write nothing."""
    time_machine.move_to(NOON, tick=False)
    client, pair = log_in()
    time_machine.move_to(NOON + timedelta(minutes=1), tick=False)
    with queries() as statements:
        expect(client.get(PART.protected), 200)
    writes = [sql for sql in statements if not sql.startswith("SELECT")]
    assert not writes, f"a request should write nothing: {writes}"
    assert listed(client)[0]["last_used"] == "2025-01-01T12:00:00Z", listed(client)
    take(client, expect(refresh(client, pair), 200))
    shown = listed(client)[0]
    assert shown["last_used"] == "2025-01-01T12:01:00Z", f"it was refreshed at 12:01: {shown}"
    assert shown["created"] == "2025-01-01T12:00:00Z", f"it began at 12:00: {shown}"


# A token that comes back


@pytest.mark.mend("accounts/sessions.py", "Is the token just exchanged refused without more?")
def test_two_tabs_are_no_thieves(user):
    """The token that was just exchanged is 401, and its session lives on."""
    client, old = log_in()
    new = take(client, expect(refresh(client, old), 200))
    for _ in range(3):
        refused(refresh(client, old), "token_exchanged")
    expect(client.get(PART.protected), 200)
    expect(refresh(client, new), 200)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.mend("accounts/sessions.py", "Does the grace period end when it should?")
def test_the_grace_period_ends(user, time_machine, late):
    """Ten seconds after the exchange the old token is refused only; a moment later, all ends."""
    time_machine.move_to(NOON, tick=False)
    client, old = log_in()
    new = take(client, expect(refresh(client, old), 200))
    moment = timedelta(microseconds=1) if late else timedelta()
    time_machine.move_to(NOON + GRACE + moment, tick=False)
    refused(refresh(client, old), "token_reused" if late else "token_exchanged")
    expect(client.get(PART.protected), 401 if late else 200)
    expect(refresh(client, new), 401 if late else 200)


@pytest.mark.mend("medium/settings.py", "Is REFRESH_GRACE_PERIOD ten seconds?")
def test_the_grace_period_is_a_setting(user, settings):
    """REFRESH_GRACE_PERIOD is ten seconds; without one, a token that comes back ends all."""
    assert settings.REFRESH_GRACE_PERIOD == GRACE, settings.REFRESH_GRACE_PERIOD
    settings.REFRESH_GRACE_PERIOD = timedelta(seconds=-1)
    client, old = log_in()
    expect(refresh(client, old), 200)
    refused(refresh(client, old), "token_reused")


@pytest.mark.mend("accounts/sessions.py", "Does the grace period cover the last token only?")
def test_an_older_token_has_no_grace(user):
    """The token before the last one ends the session, however soon it comes."""
    client, oldest = log_in()
    older = expect(refresh(client, oldest), 200)
    new = take(client, expect(refresh(client, older), 200))
    refused(refresh(client, oldest), "token_reused")
    expect(client.get(PART.protected), 401)
    expect(refresh(client, new), 401)


@pytest.mark.mend("accounts/sessions.py", "Does a refresh token that comes back end its session?")
def test_owner_and_thief_are_both_out(user, time_machine):
    """The thief was first: when the owner comes, both are out (RFC 9700, section 4.14.2)."""
    time_machine.move_to(NOON)
    owner, pair = log_in()
    thief = Client(SERVER_NAME="localhost")
    stolen = take(thief, expect(refresh(thief, pair), 200))
    expect(thief.get(PART.protected), 200)
    time_machine.move_to(NOON + timedelta(minutes=6))
    refused(refresh(owner, pair), "token_reused")
    refused(refresh(thief, stolen), "session_ended")


@pytest.mark.hardening
@pytest.mark.mend("accounts/sessions.py", "Is a token that comes back noticed before the limit is?")
def test_the_limit_hides_no_thief(user):
    """A token that comes back ends its session even when the user has refreshed too often."""
    client, oldest = log_in()
    pair = oldest
    for _ in range(100):  # several times the limit
        if (answer := refresh(client, pair)).status_code != 200:
            break
        pair = answer.json()
    expect(answer, 429)
    refused(refresh(client, oldest), "token_reused")


@pytest.mark.mend("accounts/sessions.py", "Is the reason stored when a token comes back?")
def test_the_member_sees_why(user):
    """The list names the reason why a session has ended, and a request with its token does."""
    client, oldest = log_in()
    older = expect(refresh(client, oldest), 200)
    expect(refresh(client, older), 200)
    expect(refresh(client, oldest), 401)
    answer = client.get(PART.protected)
    refused(answer, "session_ended")
    got = answer.json()
    assert "used twice" in got["detail"], f"“detail” should say why: {got}"
    again, _ = log_in()
    reasons = [(one["current"], one["reason"], bool(one["ended"])) for one in listed(again)]
    assert reasons == [(True, "", False), (False, "token_reused", True)], reasons


def test_other_sessions_are_left_alone(user):
    """A token that comes back ends its own session, and no other."""
    other, others = log_in()
    client, oldest = log_in()
    older = expect(refresh(client, oldest), 200)
    expect(refresh(client, older), 200)
    expect(refresh(client, oldest), 401)
    expect(other.get(PART.protected), 200)
    expect(refresh(other, others), 200)


# Logging out


@pytest.mark.parametrize("body", ["nothing", "the refresh token", "an exchanged one"])
@pytest.mark.mend("accounts/views.py", "Does LogoutView end the session of the access token?")
def test_a_logout_is_complete_at_once(user, body):
    """POST /auth/logout/ is 204, and both tokens are 401; a refresh token need not be sent."""
    client, pair = log_in()
    data = {} if body == "nothing" else {"refresh": pair["refresh"]}
    if body == "an exchanged one":
        pair = take(client, expect(refresh(client, pair), 200))
    expect(client.post(PART.logout, data), 204)
    refused(client.get(PART.protected), "session_ended")
    refused(refresh(client, pair), "session_ended")
    ended(pair, "logout")


@pytest.mark.mend("accounts/views.py", "Does LogoutView end one session?")
def test_a_logout_leaves_other_devices_alone(user):
    """Logging out here leaves the session on another device alone."""
    (here, _), (there, pair) = log_in(), log_in()
    expect(here.post(PART.logout), 204)
    expect(there.get(PART.protected), 200)
    expect(refresh(there, pair), 200)


@pytest.mark.mend("accounts/serializers.py", "Does LogoutSerializer compare the sessions?")
def test_a_logout_takes_no_other_session_s_token(user, grace):
    """The refresh token of another session, one's own or not, is 400, and all live on."""
    (here, mine), (there, other), (hers, pair) = log_in(), log_in(), log_in("grace")
    for token in [other["refresh"], pair["refresh"]]:
        got = expect(here.post(PART.logout, {"refresh": token}), 400)
        assert list(got) == ["refresh"], f"the answer should name “refresh”: {got}"
    expect(refresh(here, mine), 200)
    expect(refresh(there, other), 200)
    expect(refresh(hers, pair), 200)


@pytest.mark.mend("accounts/views.py", "Does LogoutAllView end all sessions of the caller?")
def test_a_logout_everywhere_is_complete_at_once(user, grace):
    """POST /auth/logout_all/ ends all sessions of the caller at once, and nobody else's."""
    hers, _ = log_in("grace")
    mine = [log_in() for _ in range(3)]
    expect(mine[0][0].post(PART.logout_all), 204)
    for client, pair in mine:
        refused(client.get(PART.protected), "session_ended")
        expect(refresh(client, pair), 401)
        ended(pair, "logout_all")
    expect(hers.get(PART.protected), 200)


# Devices


@pytest.mark.mend(
    "accounts/views.py", "Whose sessions does SessionListView show, and in which order?"
)
def test_one_s_own_sessions_newest_first(user, grace, time_machine):
    """The list shows one's own sessions, the newest first, and which of them is the caller's."""
    log_in("grace")
    for minute in range(3):
        time_machine.move_to(NOON + timedelta(minutes=minute), tick=False)
        client, _ = log_in(HTTP_USER_AGENT=f"device {minute}")
        if minute == 1:
            caller = client
    got = [(one["client"], one["current"]) for one in listed(caller)]
    wanted = [("device 2", False), ("device 1", True), ("device 0", False)]
    assert got == wanted, f"one's own devices, and which is current, should be {wanted}, got {got}"


@pytest.mark.mend("accounts/views.py", "Does SessionView end the session, and say why?")
def test_a_session_is_ended_from_another_device(user):
    """DELETE /auth/sessions/<id>/ is 204, ends that session at once, and no other."""
    (phone, pair), (laptop, _) = log_in(), log_in()
    expect(laptop.delete(one(pair)), 204)
    refused(phone.get(PART.protected), "session_ended")
    refused(refresh(phone, pair), "session_ended")
    reasons = [(each["current"], each["reason"]) for each in listed(laptop)]
    assert reasons == [(True, ""), (False, "other_device")], reasons
    expect(laptop.delete(one(pair)), 204)  # again is no error


@pytest.mark.mend("accounts/views.py", "Is ending the caller's own session a logout?")
def test_one_s_own_session_may_be_ended_too(user):
    """DELETE of the caller's own session is a logout."""
    client, pair = log_in()
    expect(client.delete(one(pair)), 204)
    expect(client.get(PART.protected), 401)
    ended(pair, "logout")


@pytest.mark.mend("accounts/views.py", "Does `get_queryset` hold the caller's sessions only?")
def test_nobody_ends_somebody_else_s_session(user, grace):
    """Somebody else's session is 404, as one that does not exist, and lives on."""
    (hers, pair), (client, _) = log_in("grace"), log_in()
    answers = [client.delete(one(pair)), client.delete(f"{PART.sessions}{uuid4()}/")]
    bodies = [expect(answer, 404) for answer in answers]
    assert bodies[0] == bodies[1], f"the answers should not tell who has a session: {bodies}"
    expect(hers.get(PART.protected), 200)
    expect(client.delete(f"{PART.sessions}x/"), 404)


@pytest.mark.mend("accounts/views.py", "Is IsAuthenticated the permission class?")
def test_a_stranger_sees_no_session(client, user):
    """Without a token, the list and its sessions are 401."""
    pair = log_in()[1]
    expect(client.get(PART.sessions), 401)
    expect(client.delete(one(pair)), 401)


@pytest.mark.mend("accounts/views.py", "Is a session left out whose refresh token has expired?")
def test_what_is_long_over_is_not_listed(user, time_machine):
    """A session whose refresh token has expired is not shown; nor one that ended as long ago."""
    time_machine.move_to(NOON)
    log_in()
    left, _ = log_in()
    expect(left.post(PART.logout), 204)
    time_machine.move_to(NOON + timedelta(days=14))
    client, _ = log_in()
    assert len(listed(client)) == 3, listed(client)
    time_machine.move_to(NOON + timedelta(days=15, seconds=1))
    client, _ = log_in()
    assert len(listed(client)) == 2, listed(client)


# A new password


def change_password(client, user, password=NEW):
    data = {"old_password": OLD, "password": password, "password2": password}
    path = f"/auth/change_password/{user.pk}/"
    return client.put(path, data, content_type="application/json")


@pytest.mark.mend("accounts/serializers.py", "What does ChangePasswordSerializer do to sessions?")
def test_a_new_password_ends_all_other_sessions(user, grace):
    """Whoever changes the password goes on with a new pair; all other sessions have ended."""
    (hers, _), (other, others), (client, mine) = log_in("grace"), log_in(), log_in()
    answer = change_password(client, user)
    new = expect(answer, 200)
    assert set(new) == {"access", "refresh"}, f"the answer should be a token pair: {set(new)}"
    assert sid(new) == sid(mine), "the session should be the same"
    assert "no-store" in answer.headers.get("Cache-Control", ""), "no cache may keep the pair"
    expect(other.get(PART.protected), 401)
    expect(refresh(other, others), 401)
    ended(others, "password_changed")
    take(client, new)
    expect(client.get(PART.protected), 200)
    expect(refresh(client, new), 200)
    expect(hers.get(PART.protected), 200)


@pytest.mark.mend("accounts/sessions.py", "Is the password looked at before the token is?")
def test_an_old_token_does_not_end_the_new_session(user):
    """The token from before a new password is 401; the thief who has it ends nothing by it."""
    client, old = log_in()
    new = take(client, expect(change_password(client, user), 200))
    refused(refresh(client, old), "password_changed")
    expect(client.get(PART.protected), 200)
    expect(refresh(client, new), 200)


# The admin


@pytest.mark.mend("accounts/admin.py", "What does SessionAdmin show?")
def test_the_admin_shows_sessions_and_no_token(admin_client, user):
    """Sessions are viewed in the admin: no token, no `jti`, and nothing to edit or to add."""
    _, pair = log_in(HTTP_USER_AGENT="Netscape 4.7")
    pages = ["/admin/accounts/session/", f"/admin/accounts/session/{sid(pair)}/change/"]
    for page in pages:
        answer = admin_client.get(page)
        expect(answer, 200)
        text = answer.content.decode()
        assert "Netscape 4.7" in text, f"{page} should show the client"
        assert 'name="_save"' not in text, f"{page} should have nothing to save"
        for token in pair.values():
            assert tokens.decode(token)[1]["jti"] not in text, f"{page} should show no `jti`"
    expect(admin_client.get("/admin/accounts/session/add/"), 403)


@pytest.mark.mend("accounts/admin.py", "Does SessionAdmin have an action that ends sessions?")
def test_staff_ends_a_session(admin_client, user):
    """An action of the admin ends the selected sessions, and no others."""
    (client, pair), (other, _) = log_in(), log_in()
    data = {"action": "end", "_selected_action": [sid(pair)]}
    expect(admin_client.post("/admin/accounts/session/", data), 302)
    refused(client.get(PART.protected), "session_ended")
    ended(pair, "staff")
    expect(other.get(PART.protected), 200)


@pytest.mark.mend("accounts/admin.py", "Who may end sessions?")
def test_not_all_staff_ends_sessions(client, user, grace):
    """Staff who may only view sessions cannot end any."""
    from django.contrib.auth.models import Permission

    member, pair = log_in()
    grace.is_staff = True
    grace.save()
    grace.user_permissions.add(
        Permission.objects.get(codename="view_session", content_type__app_label="accounts")
    )
    client.force_login(grace)
    expect(client.get("/admin/accounts/session/"), 200)
    data = {"action": "end", "_selected_action": [sid(pair)]}
    expect(client.post("/admin/accounts/session/", data), 200, 302, 403)
    expect(member.get(PART.protected), 200)


@pytest.mark.mend("accounts/admin.py", "Does the admin's password form end the user's sessions?")
def test_a_password_set_by_staff_ends_all_sessions(admin_client, user):
    """Staff gives a user a new password: the user's sessions have ended, and say why."""
    client, pair = log_in()
    data = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    expect(admin_client.post(f"/admin/auth/user/{user.pk}/password/", data), 302)
    expect(client.get(PART.protected), 401)
    ended(pair, "password_changed")


# Authentication


@pytest.mark.mend("accounts/sessions.py", "Are session and user read in one query?")
def test_a_request_reads_its_session_and_user_at_once(user):
    """Authentication takes one query, whatever it needs to know."""
    client, _ = log_in()
    with queries() as statements:
        expect(client.get(PART.protected), 200)
    asked = [sql for sql in statements if "accounts_session" in sql or "auth_user" in sql]
    assert len(asked) == 1, f"one query should do, {len(asked)} were sent"


@pytest.mark.mend("accounts/authentication.py", "What does `authenticate_header` say?")
def test_a_bad_token_is_told_from_none(user):
    """WWW-Authenticate says error="invalid_token" if one was sent (RFC 6750, section 3)."""
    client, _ = log_in()
    expect(client.post(PART.logout), 204)
    for header in [client.defaults["HTTP_AUTHORIZATION"], "Bearer x", "bearer x", "Bearer x y"]:
        answer = client.get(PART.protected, HTTP_AUTHORIZATION=header)
        expect(answer, 401)
        got = answer.headers.get("WWW-Authenticate", "")
        assert got.startswith("Bearer ") and 'error="invalid_token"' in got, (
            f'WWW-Authenticate should say error="invalid_token", says “{got}”'
        )
    for header in ["", "Token x"]:
        answer = client.get(PART.protected, HTTP_AUTHORIZATION=header)
        expect(answer, 401)
        got = answer.headers.get("WWW-Authenticate", "")
        assert got.startswith("Bearer ") and "error" not in got, (
            f"without a token, WWW-Authenticate should name no error: “{got}”"
        )


def signed(pair, kind, **changes):
    """A token of the pair, with other claims, and a good signature."""
    import jwt

    claims = tokens.decode(pair[kind])[1] | changes
    claims = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(claims, project_settings.SECRET_KEY, "HS256")


ODD = {
    "sid": [..., None, "", "x", [], {}, 1, 1.5, "0" * 32, "\x00", "x" * 5000],
    "user_id": [..., None, "", "x", [], {}, 1.5, "999999", 10**30],
    "exp": [..., None, "x", [], 10**12, 10**30, 0, -1],
    "iat": ["x", [], 10**30],
    "jti": [...],
    "token_type": [..., None, "x", [], 1],
    "hash_password": [..., None, "x", [], 1],
}


@pytest.mark.hardening
@pytest.mark.parametrize("claim", ODD)
@pytest.mark.mend("accounts/tokens.py", "Are odd claims under a good signature refused?")
def test_an_odd_claim_is_refused(user, claim):
    """A token that is signed well and makes no sense is 401, never 500."""
    client, pair = log_in()
    for value in ODD[claim]:
        access, again = (signed(pair, kind, **{claim: value}) for kind in ["access", "refresh"])
        expect(client.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {access}"), 401)
        expect(client.post(PART.refresh, {"refresh": again}), 401)
        expect(client.post(PART.logout, {"refresh": again}), 400, 204)
        client, pair = log_in()
        cache.clear()


@pytest.mark.hardening
@pytest.mark.parametrize(
    "jti", ["", "x", None, [], {}, 1, "\x00", "x" * 5000], ids=lambda jti: ascii(jti)[:9]
)
@pytest.mark.mend("accounts/sessions.py", "Is there a token before the first one?")
def test_a_jti_that_nobody_has_given_is_refused(user, jti):
    """A refresh token signed well, with a `jti` of somebody's own: 401, no 500 and no grace."""
    client, pair = log_in()
    token = signed(pair, "refresh", jti=jti)
    said = expect(client.post(PART.refresh, {"refresh": token}), 401)
    assert said["code"] != "token_exchanged", "only a token that was given can be exchanged"


@pytest.mark.hardening
@pytest.mark.mend("accounts/sessions.py", "Does `find` compare the token's user?")
def test_a_session_is_its_user_s_only(user, grace):
    """A token that names one member's session and another member is 401."""
    client, pair = log_in()
    _, hers = log_in("grace")
    theirs = tokens.decode(hers["access"])[1]
    changes = {name: theirs[name] for name in ["sid", "hash_password"]}
    access, again = (signed(pair, kind, **changes) for kind in ["access", "refresh"])
    expect(client.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {access}"), 401)
    expect(client.post(PART.refresh, {"refresh": again}), 401)
    assert not stored().exclude(ended=None).exists(), "no session should end by it"


# From part 10


@pytest.mark.mend("accounts/tokens.py", "Is a token without the claim `sid` refused?")
def test_a_pair_of_part_10_is_refused(user):
    """Tokens without a session are 401: their owners log in again."""
    client, pair = log_in()
    access, again = (signed(pair, kind, sid=...) for kind in ["access", "refresh"])
    expect(client.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {access}"), 401)
    refused(client.post(PART.refresh, {"refresh": again}), "token_not_valid")


@pytest.mark.mend("medium/settings.py", "Is the token_blacklist app taken out of INSTALLED_APPS?")
def test_the_blacklist_is_gone(user):
    """Simple JWT's blacklist is not used any more, and no table of it is left."""
    assert "rest_framework_simplejwt.token_blacklist" not in project_settings.INSTALLED_APPS
    left = [name for name in connection.introspection.table_names() if "blacklist" in name]
    assert not left, f"no table of the blacklist should be left: {left}"


@pytest.mark.snapshot
@pytest.mark.hardening
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/migrations/", "Does a migration drop the tables of the blacklist?")
def test_what_part_10_stored_is_dropped(user):
    """Part 10's tables hold whole refresh tokens, and users who could not be deleted: they go."""
    call_command("migrate", "accounts", "0002", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE token_blacklist_outstandingtoken (id integer PRIMARY KEY, token text, "
            "user_id integer REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute(
            "CREATE TABLE token_blacklist_blacklistedtoken (id integer PRIMARY KEY, token_id "
            "integer REFERENCES token_blacklist_outstandingtoken (id))"
        )
        cursor.execute(
            "INSERT INTO token_blacklist_outstandingtoken VALUES (1, 'x', %s)", [user.pk]
        )
        cursor.execute("INSERT INTO token_blacklist_blacklistedtoken VALUES (1, 1)")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('token_blacklist', '0001_initial', '2025-01-01')"
        )
    call_command("migrate", "accounts", verbosity=0)
    left = [name for name in connection.introspection.table_names() if "blacklist" in name]
    assert not left, f"no table of the blacklist should be left: {left}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'token_blacklist'")
        assert not cursor.fetchall(), "`migrate` should create the tables again for part 10"
    user.delete()


# Cleaning up


def many(user, number, **more):
    """Store sessions that nobody needs any more."""
    from accounts.models import Session

    return stored().bulk_create(
        [Session(user=user, current_jti=f"{n:032}", **more) for n in range(number)]
    )


REMOVE = "accounts/management/commands/remove_old_sessions.py"


@pytest.mark.mend(REMOVE, "Which sessions does it remove?")
def test_old_sessions_are_removed(user, time_machine):
    """`manage.py remove_old_sessions` removes what has expired, or ended as long ago; no others."""
    time_machine.move_to(NOON)
    log_in(HTTP_USER_AGENT="expired")
    kept, pair = log_in(HTTP_USER_AGENT="in use")
    left, _ = log_in(HTTP_USER_AGENT="ended")
    expect(left.post(PART.logout), 204)
    time_machine.move_to(NOON + timedelta(days=10))
    pair = expect(refresh(kept, pair), 200)
    just_ended, _ = log_in(HTTP_USER_AGENT="ended yesterday")
    expect(just_ended.post(PART.logout), 204)
    time_machine.move_to(NOON + timedelta(days=15, seconds=1))
    call_command("remove_old_sessions", verbosity=0)
    there = set(stored().values_list("client", flat=True))
    assert there == {"in use", "ended yesterday"}, f"these are left: {there}"
    expect(refresh(kept, pair), 200)


@pytest.mark.mend(REMOVE, "Does it remove a batch at a time?")
def test_nobody_waits_for_the_removal(user):
    """It removes batches, so that a login waits for one of them, not for all."""
    long_ago = NOON - timedelta(days=400)
    many(user, 2500, created=long_ago, last_used=long_ago)
    log_in()
    with queries() as statements:
        call_command("remove_old_sessions", verbosity=0)
    deletes = [sql for sql in statements if sql.startswith("DELETE")]
    assert len(deletes) >= 3, f"2,500 rows should be several batches, were {len(deletes)}"
    assert stored().count() == 1, f"one session should be left: {stored().count()}"


# Two at the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/sessions.py", "Is the current `jti` a condition of the UPDATE?")
def test_of_two_refreshes_one_wins(user):
    """One refresh token comes twice, and both find it current: one new pair, one 401, no more."""
    client, token = log_in()
    new = []
    with just_before_writing(lambda: new.append(expect(refresh(client, token), 200))):
        refused(refresh(client, token), "token_exchanged")
    take(client, new[0])
    expect(client.get(PART.protected), 200)
    expect(refresh(client, new[0]), 200)


def all_out(client):
    expect(client.post(PART.logout_all), 204)


def by_another_device(client):
    other, _ = log_in()
    key = next(each["pk"] for each in listed(other) if not each["current"])
    expect(other.delete(f"{PART.sessions}{key}/"), 204)


def deleted(client):
    get_user_model().objects.get(username="ada").delete()


ENDS = {
    "a logout": lambda client: expect(client.post(PART.logout), 204),
    "a logout everywhere": all_out,
    "another device": by_another_device,
    "the user deleted": deleted,
}


@pytest.mark.parametrize("what", ENDS)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/sessions.py", "Is `ended=None` a condition of the UPDATE?")
def test_a_refresh_does_not_outlive_the_end(user, what):
    """A session ends while it is being refreshed: 401, and it stays ended."""
    client, pair = log_in()
    with just_before("UPDATE", lambda: ENDS[what](client)):
        expect(refresh(client, pair), 401)
    expect(client.get(PART.protected), 401)


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/models.py", "Does `end` leave alone what has ended already?")
def test_the_first_reason_stays(user):
    """A session that two requests end at once keeps the reason of the first."""
    client, pair = log_in()
    with just_before("UPDATE", lambda: all_out(client)):
        expect(client.post(PART.logout), 204)
    ended(pair, "logout_all")


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/sessions.py", "Does a new password need a session that has not ended?")
def test_no_new_password_after_the_end(user):
    """A session is ended while it changes the password: 401, and the password is as before."""
    client, _ = log_in()
    with just_before("UPDATE", lambda: by_another_device(client)):
        expect(change_password(client, user), 401)
    user.refresh_from_db()
    assert user.check_password(OLD), "the password should not have changed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend(
    "accounts/serializers.py", "Does the new password end what is refreshed meanwhile?"
)
def test_a_refresh_during_a_new_password(user):
    """The thief refreshes while the owner changes the password: the thief's new pair is void."""
    (thief, stolen), (owner, _) = log_in(), log_in()
    theirs = []
    with just_before("UPDATE", lambda: theirs.append(expect(refresh(thief, stolen), 200))):
        new = expect(change_password(owner, user), 200)
    take(thief, theirs[0])
    expect(thief.get(PART.protected), 401)
    expect(refresh(thief, theirs[0]), 401)
    expect(refresh(owner, new), 200)


@pytest.mark.stress
@pytest.mark.mend("accounts/sessions.py", "Is the current `jti` a condition of the UPDATE?")
def test_in_a_crowd_of_tabs_one_wins(project):
    """Fifty times, eight clients refresh one token, then log out: one new pair, then all out."""
    with serve(project, environment={"TUTORIAL_ATTEMPTS": "1000000"}) as running:
        data = {"username": "demo", "password": PASSWORD}
        for _ in range(50):
            pair = expect(requests.post(running.url + PART.login, json=data, timeout=60), 200)
            new = []

            def ask(pair=pair, new=new):
                body = {"refresh": pair["refresh"]}
                answer = requests.post(running.url + PART.refresh, json=body, timeout=60)
                if answer.status_code == 200:
                    new.append(answer.json())
                return answer

            got = together(*[ask] * 8)
            assert got == [200] + [401] * 7, f"one should be 200, the others 401, got {got}"
            headers = {"Authorization": f"Bearer {new[0]['access']}"}

            def leave(headers=headers):
                return requests.post(running.url + PART.logout, headers=headers, timeout=60)

            got = together(*[leave] * 8)
            assert set(got) <= {204, 401} and 204 in got, f"204 or 401, got {got}"
            url = running.url + PART.protected
            expect(requests.get(url, headers=headers, timeout=60), 401)


# On a real server and its database


def test_a_theft_on_a_real_server(running):
    """Owner and thief, minutes apart by the server's clock: both are out, and the list says why."""
    agent = {"User-Agent": "owner"}
    running.clock.advance(timedelta(minutes=1, seconds=1).total_seconds())

    def ask(method, path, pair=None, **body):
        headers = agent | ({"Authorization": f"Bearer {pair['access']}"} if pair else {})
        return requests.request(
            method, running.url + path, json=body or None, headers=headers, timeout=30
        )

    def enter():
        return expect(ask("POST", PART.login, username="demo", password=PASSWORD), 200)

    owner = enter()
    thief = expect(ask("POST", PART.refresh, refresh=owner["refresh"]), 200)
    expect(ask("GET", PART.protected, thief), 200)
    running.clock.advance(timedelta(minutes=6).total_seconds())
    refused(ask("POST", PART.refresh, refresh=owner["refresh"]), "token_reused")
    expect(ask("POST", PART.refresh, refresh=thief["refresh"]), 401)
    again = enter()
    results = expect(ask("GET", PART.sessions, again), 200)["results"]
    assert json.dumps(results).count("token_reused") == 1, results
