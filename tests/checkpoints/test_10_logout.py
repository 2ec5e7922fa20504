"""Part 10: the token blacklist, logout here and logout everywhere."""

from datetime import timedelta

import pytest
import requests
from django.core.management import call_command

from tutorial.checking.promises import PART, expect, just_before_writing, together
from tutorial.running.server import PASSWORD, serve

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("medium/settings.py", "Is the token_blacklist app in INSTALLED_APPS?"),
]


def login(client, username="ada"):
    """Log in; return the token pair, and let the client send its access token."""
    data = {"username": username, "password": "correct horse"}
    pair = expect(client.post(PART.login, data), 200)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"
    return pair


def refresh(client, pair):
    return client.post(PART.refresh, {"refresh": pair["refresh"]})


def logout(client, token):
    return client.post(PART.logout, {"refresh": token})


@pytest.mark.until(11)
@pytest.mark.mend("medium/settings.py", "Is BLACKLIST_AFTER_ROTATION on in SIMPLE_JWT?")
def test_a_refresh_token_is_good_for_one_refresh(client, user):
    """Rotation retires the old refresh token: 401 the second time, and the new one works."""
    old = login(client)
    new = expect(refresh(client, old), 200)
    got = expect(refresh(client, old), 401)
    assert "blacklisted" in got["detail"], f"the answer should say why: {got}"
    expect(refresh(client, new), 200)


@pytest.mark.mend("accounts/urls.py", 'Is LogoutView at "logout/"?')
def test_a_logout_ends_a_session(client, user):
    """POST /auth/logout/ with the refresh token is 204, and refreshing is over."""
    pair = login(client)
    answer = client.post("/auth/logout/", {"refresh": pair["refresh"]})
    expect(answer, 204)
    expect(refresh(client, pair), 401)


@pytest.mark.until(11)
def test_the_access_token_outlives_the_logout(client, user):
    """What logout cannot do: the access token works until it expires, in five minutes at most."""
    pair = login(client)
    expect(logout(client, pair["refresh"]), 204)
    expect(client.get(PART.protected), 200)


@pytest.mark.until(11)
def test_another_session_goes_on(client, user):
    """Logging out here leaves the session on another device alone."""
    here, there = login(client), login(client)
    expect(logout(client, here["refresh"]), 204)
    expect(refresh(client, there), 200)


@pytest.mark.until(11)
@pytest.mark.mend("accounts/serializers.py", "Does LogoutSerializer say what is wrong?")
def test_a_second_logout_is_refused(client, user):
    """The same token again is 400, with a reason."""
    pair = login(client)
    expect(logout(client, pair["refresh"]), 204)
    got = expect(logout(client, pair["refresh"]), 400)
    assert "blacklisted" in str(got.get("refresh")), f"the reason should be said: {got}"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", None, "access"])
@pytest.mark.mend("accounts/serializers.py", "Does LogoutSerializer catch TokenError?")
def test_a_rubbish_logout_is_refused(client, user, token):
    """No token, no sound token, and an access token in its place are 400."""
    pair = login(client)
    data = {"refresh": pair["access"] if token == "access" else token}
    got = expect(client.post(PART.logout, data, content_type="application/json"), 400)
    assert list(got) == ["refresh"], f"the answer should name “refresh”: {got}"


@pytest.mark.mend("accounts/serializers.py", "Does LogoutSerializer compare the token's user?")
def test_nobody_logs_somebody_else_out(client, user, django_user_model):
    """Another user's refresh token is refused, and keeps working."""
    django_user_model.objects.create_user("grace", "grace@example.com", "correct horse")
    hers = login(client, "grace")
    login(client, "ada")
    expect(logout(client, hers["refresh"]), 400, 403)
    expect(refresh(client, hers), 200)


@pytest.mark.parametrize("path", [PART.logout, PART.logout_all])
@pytest.mark.mend("accounts/views.py", "Is IsAuthenticated the permission class?")
def test_a_logout_needs_a_token(client, user, path):
    """Without an access token, logging out is 401."""
    pair = login(client)
    del client.defaults["HTTP_AUTHORIZATION"]
    expect(client.post(path, {"refresh": pair["refresh"]}), 401)
    expect(refresh(client, pair), 200)


@pytest.mark.until(11)
@pytest.mark.mend("accounts/views.py", "Does LogoutAllView blacklist all outstanding tokens?")
def test_a_logout_everywhere_ends_every_session(client, user, django_user_model):
    """POST /auth/logout_all/ ends all sessions of the caller, and nobody else's."""
    django_user_model.objects.create_user("grace", "grace@example.com", "correct horse")
    hers = login(client, "grace")
    mine = [login(client), login(client)]
    mine.append(expect(refresh(client, mine[0]), 200))
    expect(client.post("/auth/logout_all/"), 204)
    for pair in mine:
        expect(refresh(client, pair), 401)
    expect(refresh(client, hers), 200)
    expect(client.post("/auth/logout_all/"), 204)  # again is not an error
    expect(refresh(client, login(client)), 200)


@pytest.mark.until(11)
@pytest.mark.mend("medium/settings.py", "Is the token_blacklist app in INSTALLED_APPS?")
def test_what_has_expired_is_flushed(client, user, time_machine):
    """`manage.py flushexpiredtokens` removes tokens that have expired, and no others."""
    from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

    time_machine.move_to("2025-01-01T12:00:00Z")
    login(client)
    time_machine.move_to("2025-01-20T12:00:00Z")
    pair = login(client)
    call_command("flushexpiredtokens")
    left = OutstandingToken.objects.count()
    assert left == 1, f"one token has not expired, {left} are left"
    expect(refresh(client, pair), 200)


# Two at the same moment


@pytest.mark.until(11)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/tokens.py", "Does only one request get to blacklist a token?")
def test_of_two_refreshes_at_the_same_moment_one_wins(client, user):
    """One refresh token comes twice, and both find it good: one gets a new pair, the other 401."""
    token = login(client)
    new = []
    with just_before_writing(lambda: new.append(expect(refresh(client, token), 200))):
        expect(refresh(client, token), 401)
    expect(refresh(client, new[0]), 200)


@pytest.mark.until(11)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/serializers.py", "Does `save` catch TokenError?")
def test_of_two_logouts_at_the_same_moment_one_wins(client, user):
    """One refresh token is logged out twice at the same moment: one 204, one 400, never 500."""
    token = login(client)["refresh"]
    with just_before_writing(lambda: expect(logout(client, token), 204)):
        got = expect(logout(client, token), 400)
    assert list(got) == ["refresh"], f"the answer should name “refresh”: {got}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/views.py", "Does LogoutAllView put up with a token that is taken?")
def test_a_logout_during_a_logout_everywhere(client, user):
    """A session is logged out here and everywhere at the same moment: both are 204."""
    pair = login(client)
    with just_before_writing(lambda: expect(logout(client, pair["refresh"]), 204)):
        expect(client.post(PART.logout_all), 204)
    expect(refresh(client, pair), 401)


@pytest.mark.until(11)
@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Is the token's user compared as text?")
def test_a_number_in_a_token_is_a_user_too(client, user):
    """A refresh token whose `user_id` is a number can be logged out, as it can be refreshed."""
    from rest_framework_simplejwt.tokens import RefreshToken

    login(client)
    tokens = []
    for _ in range(2):
        token = RefreshToken.for_user(user)
        token["user_id"] = user.pk
        tokens.append(str(token))
    expect(refresh(client, {"refresh": tokens[0]}), 200)
    expect(logout(client, tokens[1]), 204)
    expect(refresh(client, {"refresh": tokens[1]}), 401)


@pytest.mark.until(11)
@pytest.mark.stress
@pytest.mark.mend("accounts/tokens.py", "Does only one request get to blacklist a token?")
def test_in_a_crowd_one_wins(project):
    """Fifty times, eight clients refresh one token, and eight log one out: one wins each time."""
    with serve(project, environment={"TUTORIAL_ATTEMPTS": "1000000"}) as running:
        data = {"username": "demo", "password": PASSWORD}
        for _ in range(50):
            pair = expect(requests.post(running.url + PART.login, json=data, timeout=60), 200)
            headers = {"Authorization": f"Bearer {pair['access']}"}

            def ask(path, pair=pair, headers=headers):
                body = {"refresh": pair["refresh"]}
                return requests.post(running.url + path, json=body, headers=headers, timeout=60)

            got = together(*[lambda ask=ask: ask(PART.refresh)] * 8)
            assert got == [200] + [401] * 7, f"one should be 200, the others 401, got {got}"
            pair |= expect(requests.post(running.url + PART.login, json=data, timeout=60), 200)
            got = together(*[lambda ask=ask: ask(PART.logout)] * 8)
            assert got == [204] + [400] * 7, f"one should be 204, the others 400, got {got}"


# On a real server and its database


def real_login(running):
    # A minute on, so that the throttle counts anew.
    running.clock.advance(timedelta(minutes=1, seconds=1).total_seconds())
    data = {"username": "demo", "password": PASSWORD}
    return expect(requests.post(running.url + PART.login, json=data, timeout=30), 200)


@pytest.mark.until(11)
@pytest.mark.mend("medium/settings.py", "Leave ACCESS_TOKEN_LIFETIME at its default.")
def test_after_five_minutes_the_logout_is_complete(running):
    """The access token that outlives a logout is 401 after five minutes."""
    pair = real_login(running)
    headers = {"Authorization": f"Bearer {pair['access']}"}
    data = {"refresh": pair["refresh"]}
    url = running.url
    answer = requests.post(url + PART.logout, json=data, headers=headers, timeout=30)
    expect(answer, 204)
    expect(requests.get(url + PART.protected, headers=headers, timeout=30), 200)
    running.clock.advance(timedelta(minutes=5, seconds=2).total_seconds())
    expect(requests.get(url + PART.protected, headers=headers, timeout=30), 401)
