"""Part 8: registration, login at /auth/, a limit on guessing passwords."""

import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from tutorial.checking.promises import PART, expect, together
from tutorial.running.server import PASSWORD

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("accounts/serializers.py", "What does RegisterSerializer check?"),
]

GRACE = {
    "username": "grace",
    "email": "grace@example.com",
    "first_name": "Grace",
    "last_name": "Hopper",
    "password": "a compiler, of all things",
    "password2": "a compiler, of all things",
}


def register(client, **changes):
    data = {name: value for name, value in (GRACE | changes).items() if value is not None}
    return client.post("/auth/register/", data, content_type="application/json")


def login(client, password=GRACE["password"], username="grace"):
    return client.post(PART.login, {"username": username, "password": password})


def users():
    return get_user_model().objects


@pytest.mark.mend("accounts/urls.py", 'Is it included at "auth/" in medium/urls.py?')
def test_tokens_are_at_auth(client, user):
    """A token pair is obtained at /auth/login/, and refreshed at /auth/login/refresh/."""
    data = {"username": "ada", "password": "correct horse"}
    got = expect(client.post("/auth/login/", data), 200)
    expect(client.post("/auth/login/refresh/", {"refresh": got["refresh"]}), 200)


@pytest.mark.mend("medium/urls.py", 'Are the routes at "token/" taken out?')
@pytest.mark.parametrize("path", ["/token/", "/token/refresh/"])
def test_the_old_addresses_are_gone(client, path):
    """Nothing answers at /token/ any more."""
    expect(client.post(path, {}), 404)


@pytest.mark.mend("accounts/urls.py", 'Is RegisterView at "register/"?')
def test_a_user_registers_and_logs_in(client, db):
    """POST /auth/register/ is 201, and the new user can log in and see images."""
    got = expect(register(client), 201)
    shown = {"pk", "username", "email", "first_name", "last_name"}
    assert set(got) == shown, f"the answer should show {shown}, shows {set(got)}"
    assert users().get(username="grace").first_name == "Grace"
    access = expect(login(client), 200)["access"]
    expect(client.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {access}"), 200)


def test_no_password_comes_back(client, db):
    """The answer shows no password, and the database holds only its hash."""
    answer = register(client)
    expect(answer, 201)
    text = answer.content.decode()
    assert "password" not in text and GRACE["password"] not in text, text
    assert users().get(username="grace").password != GRACE["password"]


def test_a_new_user_is_nothing_more_than_a_member(client, db):
    """Whatever the request says, a new user is active, and not staff."""
    expect(register(client, is_staff=True, is_superuser=True, is_active=False, pk=7), 201)
    grace = users().get(username="grace")
    rights = (grace.is_active, grace.is_staff, grace.is_superuser)
    assert rights == (True, False, False), f"active, staff, superuser should not be {rights}"


BAD = {
    "no username": ({"username": None}, "username"),
    "an empty username": ({"username": " "}, "username"),
    "a username with a space": ({"username": "grace hopper"}, "username"),
    "a username of 151 letters": ({"username": "x" * 151}, "username"),
    "a null character": ({"username": "gr\0ce"}, "username"),
    "a list for a username": ({"username": ["grace"]}, "username"),
    "a taken username": ({"username": "ada"}, "username"),
    "a taken username, written otherwise": ({"username": "\uff41da"}, "username"),
    "no e-mail": ({"email": None}, "email"),
    "an empty e-mail": ({"email": ""}, "email"),
    "no such e-mail": ({"email": "grace"}, "email"),
    "an e-mail of 300 letters": ({"email": "x" * 290 + "@x.example"}, "email"),
    "a taken e-mail": ({"email": "ada@example.com"}, "email"),
    "a taken e-mail in capitals": ({"email": "ADA@Example.COM"}, "email"),
    "no password": ({"password": None}, "password"),
    "no repetition": ({"password2": None}, "password2"),
    "another repetition": ({"password2": "a compiler, of all"}, "password2"),
    "a short password": ({"password": "k7!x", "password2": "k7!x"}, "password"),
    "a common password": ({"password": "password1", "password2": "password1"}, "password"),
    "only digits": ({"password": "8261940375", "password2": "8261940375"}, "password"),
    "a long first name": ({"first_name": "x" * 151}, "first_name"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_registration_is_refused(client, user, what):
    """Bad input is 400, and names the field."""
    changes, field = BAD[what]
    got = expect(register(client, **changes), 400)
    assert list(got) == [field], f"{what} should be said of “{field}”: {got}"
    assert users().count() == 1, "nobody should be registered"


@pytest.mark.parametrize("own", ["username", "email", "first_name", "last_name"])
@pytest.mark.mend("accounts/serializers.py", "Is the user given to `validate_password`?")
def test_one_s_own_data_is_no_password(client, own):
    """A password that resembles the user's own name or e-mail is 400."""
    word = "admiralhopper"
    value = f"{word}@example.com" if own == "email" else word
    got = expect(register(client, **{own: value}, password=word, password2=word), 400)
    assert "password" in got, f"the answer should say it of “password”: {got}"


@pytest.mark.mend("accounts/views.py", "Does RegisterView do without authentication?")
def test_an_old_token_is_not_in_the_way(client, db):
    """A token that is no good any more does not keep anyone from registering."""
    client.defaults["HTTP_AUTHORIZATION"] = "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"
    expect(register(client), 201)


@pytest.mark.mend("accounts/migrations/", "Is there a unique index on the e-mail, in lower case?")
def test_the_database_keeps_e_mails_apart(user):
    """Two users of one e-mail cannot be stored, whoever stores them; without any, many can."""
    with pytest.raises(IntegrityError), transaction.atomic():
        users().create_user("other", "ADA@example.com")
        pytest.fail("a second ADA@example.com should be refused by the database")
    users().create_user("first")
    users().create_user("second")


@pytest.mark.mend("accounts/admin.py", "Does the user's form in the admin check the e-mail?")
def test_the_admin_keeps_e_mails_apart(admin_client, user):
    """Giving a user a taken e-mail in the admin is an error of the form, not 500."""
    admin_client.raise_request_exception = False
    other = users().create_user("other", "other@example.com")
    page = admin_client.get(f"/admin/auth/user/{other.pk}/change/")
    expect(page, 200)
    data = page.context["adminform"].form.initial | {
        "email": "Ada@example.com",
        "date_joined_0": "2025-01-01",
        "date_joined_1": "12:00:00",
    }
    data = {name: value for name, value in data.items() if value not in (None, [])}
    expect(admin_client.post(f"/admin/auth/user/{other.pk}/change/", data), 200)
    other.refresh_from_db()
    assert other.email == "other@example.com", "the taken e-mail should not be stored"


@pytest.mark.mend("accounts/serializers.py", "Is IntegrityError caught where the user is stored?")
@pytest.mark.parametrize("same", ["username", "email"])
def test_of_two_at_the_same_moment_one_wins(running, same):
    """Two simultaneous registrations of one name, or one e-mail: one 201, one 400, never 500."""

    def call(number):
        own = {"username": f"twin{number}", "email": f"twin{number}@example.com"}
        data = GRACE | own | {same: {"username": "twin", "email": "twin@example.com"}[same]}
        return lambda: requests.post(f"{running.url}/auth/register/", json=data, timeout=30)

    got = together(call(1), call(2))
    assert got == [201, 400], f"one should be 201, the other 400, got {got}"


def test_a_registration_between_check_and_insert(client, db, monkeypatch):
    """Who loses the race for a name is told so as if it had been taken all along."""
    manager = type(users())
    create_user = manager.create_user

    def late(self, username, **data):
        create_user(self, "grace", "elsewhere@example.com")  # somebody was quicker
        return create_user(self, username, **data)

    monkeypatch.setattr(manager, "create_user", late)
    got = expect(register(client), 400)
    assert list(got) == ["username"], f"the answer should name “username”: {got}"


@pytest.mark.mend(
    "accounts/views.py", 'Is ScopedRateThrottle on LoginView, with the scope "login"?'
)
def test_guessing_is_slowed_down(client, user):
    """The eleventh attempt to log in within a minute is 429, and says when to come back."""
    for _ in range(10):
        expect(login(client, "a guess", "ada"), 401)
    answer = login(client, "correct horse", "ada")
    expect(answer, 429)
    wait = int(answer.headers.get("Retry-After", 0))
    assert 0 < wait <= 60, f"Retry-After should be up to 60 seconds, got {wait}"


@pytest.mark.mend("medium/settings.py", "Is NUM_PROXIES 0 in REST_FRAMEWORK?")
def test_a_made_up_address_is_not_believed(client, user):
    """A header X-Forwarded-For, which anyone can write, gives nobody new attempts."""
    for number in range(10):
        data = {"username": "ada", "password": "a guess"}
        made_up = f"203.0.113.{number}"
        expect(client.post(PART.login, data, HTTP_X_FORWARDED_FOR=made_up), 401)
    expect(client.post(PART.login, data, HTTP_X_FORWARDED_FOR="203.0.113.99"), 429)


@pytest.mark.mend("accounts/views.py", "Are only attempts to log in counted?")
def test_only_logging_in_is_slowed_down(client, user):
    """The limit is on logging in: refreshing goes on, and so does all the rest."""
    pair = expect(login(client, "correct horse", "ada"), 200)
    for _ in range(10):
        login(client, "a guess", "ada")
    expect(client.post(PART.refresh, {"refresh": pair["refresh"]}), 200)
    expect(client.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {pair['access']}"), 200)


def test_the_limit_ends(running):
    """After a minute logging in works again."""

    def attempt():
        data = {"username": "demo", "password": PASSWORD}
        return requests.post(running.url + PART.login, json=data, timeout=30)

    running.clock.advance(61)
    got = [attempt().status_code for _ in range(11)]
    assert got == [200] * 10 + [429], f"ten should be 200 and the next one 429, got {got}"
    running.clock.advance(61)
    expect(attempt(), 200)
