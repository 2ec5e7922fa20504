"""Part 8: registration, login at /auth/, a limit on guessing passwords."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import requests
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, transaction

from tutorial.checking.promises import PART, expect, just_before_writing, queries, together
from tutorial.running.environment import project_environment
from tutorial.running.server import PASSWORD, serve

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


@pytest.mark.mend("accounts/views.py", "Is RegisterView a CreateAPIView, and nothing more?")
def test_nobody_reads_who_has_registered(client, user):
    """GET /auth/register/ is 405: it lists no users."""
    expect(client.get("/auth/register/"), 405)


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
    """A token that is no longer valid does not keep anyone from registering."""
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


def change_in_admin(client, user, **changes):
    """Save a user's page in the admin with these fields changed, as a browser does."""
    path = f"/admin/auth/user/{user.pk}/change/"
    client.raise_request_exception = False
    page = client.get(path)
    expect(page, 200)
    data = page.context["adminform"].form.initial | {
        "date_joined_0": "2025-01-01",
        "date_joined_1": "12:00:00",
    }
    data = {name: value for name, value in data.items() if value not in (None, [])}
    return client.post(path, data | changes)


@pytest.mark.mend("accounts/admin.py", "Does the user's form in the admin check the e-mail?")
def test_the_admin_keeps_e_mails_apart(admin_client, user):
    """Giving a user a taken e-mail in the admin is an error of the form, not 500."""
    other = users().create_user("other", "other@example.com")
    expect(change_in_admin(admin_client, other, email="Ada@example.com"), 200)
    other.refresh_from_db()
    assert other.email == "other@example.com", "the taken e-mail should not be stored"


# Two at the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/serializers.py", "Is IntegrityError caught where the user is stored?")
@pytest.mark.parametrize("same", ["username", "email"])
def test_of_two_at_the_same_moment_one_wins(client, same):
    """Somebody registers the same name, or e-mail, between our check and our insert: 400."""
    other = {"username": "other", "email": "other@example.com"}
    theirs = {name: other[name] for name in other if name != same}
    with just_before_writing(lambda: expect(register(client, **theirs), 201)):
        got = expect(register(client), 400)
    assert list(got) == [same], f"the answer should name “{same}”: {got}"
    assert users().count() == 1, "only one of the two should be registered"


@pytest.mark.stress
@pytest.mark.mend("accounts/serializers.py", "Is IntegrityError caught where the user is stored?")
def test_of_a_crowd_one_wins(project):
    """Fifty times, eight register one name, and eight one e-mail: one 201 each, never 500."""
    with serve(project, environment={"TUTORIAL_ATTEMPTS": "10000"}) as running:

        def call(turn, number, same):
            own = {"username": f"one{turn}-{number}", "email": f"one{turn}-{number}@example.com"}
            taken = {"username": f"{same}{turn}", "email": f"{same}{turn}@example.com"}
            data = GRACE | own | {same: taken[same]}
            return lambda: requests.post(f"{running.url}/auth/register/", json=data, timeout=60)

        for turn in range(50):
            for same in ["username", "email"]:
                got = together(*[call(turn, number, same) for number in range(8)])
                assert got == [201] + [400] * 7, f"one should be 201, the others 400, got {got}"


# What is hidden in a text


@pytest.mark.hardening
@pytest.mark.mend(
    "accounts/serializers.py", "Does every password field have `trim_whitespace` off?"
)
@pytest.mark.parametrize("password", [" nine moths in a relay", "nine moths in a relay\t", " " * 9])
def test_a_password_is_as_typed(client, db, password):
    """Spaces around a password are a part of it: when it is set, compared, and asked for."""
    got = expect(register(client, password=password, password2=password.strip() or " "), 400)
    assert list(got) == ["password2"], f"the two differ by a space: {got}"
    expect(register(client, password=password, password2=password), 201)
    expect(login(client, password), 200)
    expect(login(client, password.strip() or " "), 401)
    users().create_user("ada", password=password)
    expect(login(client, password, "ada"), 200)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Are names normalised before they are validated?")
@pytest.mark.parametrize(
    ("typed", "stored"), [("\uff47race", "grace"), ("rene\u0301", "ren\xe9"), ("\ufb01n", "fin")]
)
def test_a_name_has_one_spelling(client, db, typed, stored):
    """Letters that look the same are the same, at registration and at login (NFKC)."""
    got = expect(register(client, username=typed), 201)
    assert got["username"] == stored, f"{typed!a} should be stored as {stored!a}: {got}"
    expect(login(client, username=typed), 200)
    expect(login(client, username=stored), 200)
    got = expect(register(client, username=stored, email="other@example.com"), 400)
    assert list(got) == ["username"], f"the answer should name “username”: {got}"


LONG = {
    "a username": ("username", "x" * 50_001),
    "a username that grows when it is normalised": ("username", "\ufb03" * 51),
    "an e-mail": ("email", "x" * 50_001 + "@example.com"),
    "an e-mail that grows when it is normalised": ("email", "x@" + "\ufb03" * 82 + ".example"),
}


@pytest.mark.hardening
@pytest.mark.parametrize("what", LONG)
@pytest.mark.mend("accounts/fields.py", "Is the length checked before anything is looked up?")
def test_a_long_text_is_not_looked_up(client, db, what):
    """A text that is too long is 400, and the database is not asked about it."""
    field, value = LONG[what]
    with queries() as statements:
        got = expect(register(client, **{field: value}), 400)
    assert list(got) == [field], f"{what} should be said of “{field}”: {got}"
    longest = max(map(len, statements), default=0)
    assert longest < 2000, f"the database should not be sent {longest} characters"
    if field == "username":
        with queries() as statements:
            expect(login(client, username=value), 400)
        assert not statements, "the database should not be asked at login either"


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "In which spelling are e-mails stored and compared?")
@pytest.mark.parametrize(
    "second", ["x@B\xdcCHER.example", "x@bu\u0308cher.example", "X@b\xfccher.example"]
)
def test_an_e_mail_is_unique_beyond_ascii(client, admin_client, second):
    """An e-mail beyond ASCII is welcome once, however it is spelt; the second is 400."""
    expect(register(client, email="x@b\xfccher.example"), 201)
    got = expect(register(client, username="other", email=second), 400)
    assert list(got) == ["email"], f"the answer should name “email”: {got}"
    other = users().create_user("other", "other@example.com")
    assert change_in_admin(admin_client, other, email=second).status_code == 200
    other.refresh_from_db()
    assert other.email == "other@example.com", "the taken e-mail should not be stored"


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Is the e-mail looked up whatever its case?")
def test_an_e_mail_in_capitals_is_taken_too(client, db):
    """An e-mail that was stored in capitals, in the shell perhaps, is 400 at “email”."""
    users().create_user("shouting", "GRACE@example.com")
    got = expect(register(client), 400)
    assert list(got) == ["email"], f"the answer should name “email”: {got}"


@pytest.mark.hardening
@pytest.mark.snapshot
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("accounts/migrations/", "Does it write what is stored already in one spelling?")
def test_what_is_stored_gets_one_spelling(client):
    """Accounts from before the migration log in, and count when an e-mail is looked up."""
    call_command("migrate", "accounts", "0001", verbosity=0)
    user = users().create_user("renee", password=GRACE["password"])
    users().filter(pk=user.pk).update(username="rene\u0301e", email="X@B\xdcCHER.example")
    call_command("migrate", "accounts", verbosity=0)
    user.refresh_from_db()
    assert (user.username, user.email) == ("ren\xe9e", "x@b\xfccher.example")
    expect(login(client, username="rene\u0301e"), 200)
    assert list(expect(register(client, email="x@b\xfccher.example"), 400)) == ["email"]


# Limits


@pytest.mark.mend(
    "accounts/views.py", "Is “login” the `throttle_scope` of LoginView, and the throttle in use?"
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


def until_429(ask, limit=100):
    """Ask until the answer is 429; return how many were not, and the last answer."""
    for number in range(limit):
        answer = ask(number)
        if answer.status_code == 429:
            return number, answer
    pytest.fail(f"one of {limit} requests should be 429, got {answer.status_code} every time")


def from_anywhere(client, number, password="a guess", username="ada"):
    """Log in from another IP address each time."""
    data = {"username": username, "password": password}
    address = f"2001:db8::{number:x}"
    return client.post(PART.login, data, REMOTE_ADDR=address)


@pytest.mark.hardening
@pytest.mark.mend("accounts/views.py", "Has RegisterView a `throttle_scope`?")
def test_registering_is_slowed_down(client, db):
    """One client registers many accounts: 429, with the time to wait; another one goes on."""
    number, answer = until_429(
        lambda n: register(client, username=f"grace{n}", email=f"grace{n}@example.com")
    )
    assert number >= 10, f"a few friends at one IP address should get in, got {number}"
    wait = int(answer.headers.get("Retry-After", 0))
    assert 0 < wait <= 3600, f"Retry-After should be up to an hour, got {wait}"
    client.defaults["REMOTE_ADDR"] = "198.51.100.1"
    expect(register(client), 201)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Are failures counted for each account?")
@pytest.mark.parametrize("username", ["ada", "nobody"])
def test_guessing_at_one_account_is_slowed_down(client, user, username):
    """Many clients guess at one account: 429, whether or not there is such an account."""
    users().create_user("other", password="correct horse")
    number, answer = until_429(lambda n: from_anywhere(client, n, username=username))
    assert number == 20, f"the 21st failure should be 429, was the {number + 1}st"
    wait = int(answer.headers.get("Retry-After", 0))
    assert 0 < wait <= 900, f"Retry-After should be up to 15 minutes, got {wait}"
    # Not even the right password is looked at, in whatever spelling the name is written.
    expect(from_anywhere(client, 101, "correct horse", username), 429)
    fullwidth = "".join(chr(ord(letter) + 0xFEE0) for letter in username)
    expect(from_anywhere(client, 101, "correct horse", fullwidth), 429)
    expect(from_anywhere(client, 101, "correct horse", "other"), 200)


@pytest.mark.hardening
@pytest.mark.mend("accounts/throttles.py", "How long is the period of the limit for an account?")
def test_nobody_is_locked_out_for_long(client, user, time_machine):
    """While strangers guess, the owner's session goes on; 15 minutes later a login is 200."""
    start = datetime(2025, 1, 1, 12, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    pair = expect(from_anywhere(client, 101, "correct horse"), 200)
    until_429(lambda n: from_anywhere(client, n))
    expect(client.get(PART.protected, headers={"Authorization": f"Bearer {pair['access']}"}), 200)
    expect(client.post(PART.refresh, {"refresh": pair["refresh"]}), 200)
    time_machine.move_to(start + timedelta(minutes=15, seconds=1), tick=False)
    expect(from_anywhere(client, 101, "correct horse"), 200)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Are failures forgotten when the password is right?")
def test_the_right_password_does_not_count(client, user):
    """Fifty logins from everywhere, with a failure now and then, are no attack."""
    for number in range(50):
        from_anywhere(client, number)
        expect(from_anywhere(client, number, "correct horse"), 200)


@pytest.mark.hardening
@pytest.mark.mend("medium/settings.py", "How many entries does the cache keep?")
def test_made_up_names_push_no_count_out(client, user):
    """What was counted at one account is not forgotten for many others that nobody has."""
    until_429(lambda n: from_anywhere(client, n))
    for number in range(500):
        expect(from_anywhere(client, number, username=f"nobody{number}"), 401)
    expect(from_anywhere(client, 1000, "correct horse"), 429)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Are refreshes counted for each user?")
def test_refreshing_is_slowed_down(client, user):
    """One user refreshes again and again: 429; another at the same IP address is not affected."""
    users().create_user("other", password="correct horse")
    refresh = {
        name: expect(login(client, "correct horse", name), 200)["refresh"]
        for name in ["ada", "other"]
    }

    def ask(name):
        answer = client.post(PART.refresh, {"refresh": refresh[name]})
        if answer.status_code == 200:
            refresh[name] = answer.json()["refresh"]
        return answer

    # Tokens that are not hers do not count as hers.
    for _ in range(50):
        expect(client.post(PART.refresh, {"refresh": refresh["ada"][:-6]}), 401)
    number, answer = until_429(lambda n: ask("ada"))
    assert number >= 10, f"a few devices should refresh undisturbed, got {number}"
    wait = int(answer.headers.get("Retry-After", 0))
    assert 0 < wait <= 60, f"Retry-After should be up to a minute, got {wait}"
    expect(ask("other"), 200)


def log_in_to_admin(client, password, **more):
    """Whether the admin lets the user in."""
    data = {"username": "ada", "password": password}
    answer = client.post("/admin/login/?next=/admin/", data, **more)
    expect(answer, 200, 302)
    return answer.status_code == 302


@pytest.mark.hardening
@pytest.mark.mend("accounts/admin.py", "Does the admin's login form count attempts?")
@pytest.mark.parametrize("limit", ["for a client", "for an account"])
def test_guessing_is_slowed_down_in_the_admin(client, user, time_machine, limit):
    """The admin's login has the same limits: the right password is not looked at any more."""
    start = datetime(2025, 1, 1, 12, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    users().filter(pk=user.pk).update(is_staff=True)
    assert log_in_to_admin(client, "correct horse"), "the right password should open the admin"
    client.logout()
    for number in range(10 if limit == "for a client" else 20):
        address = "198.51.100.1" if limit == "for a client" else f"198.51.100.{number}"
        log_in_to_admin(client, "a guess", REMOTE_ADDR=address)
    elsewhere = "198.51.100.1" if limit == "for a client" else "198.51.100.101"
    assert not log_in_to_admin(client, "correct horse", REMOTE_ADDR=elsewhere), "too many guesses"
    if limit == "for an account":
        expect(from_anywhere(client, 101, "correct horse"), 429)
    else:
        expect(from_anywhere(client, 101, "correct horse"), 200)
    time_machine.move_to(start + timedelta(minutes=15, seconds=1), tick=False)
    assert log_in_to_admin(client, "correct horse", REMOTE_ADDR=elsewhere), "the limit should end"


@pytest.mark.hardening
@pytest.mark.mend("medium/settings.py", "Is Retry-After in CORS_EXPOSE_HEADERS?")
def test_a_page_may_read_how_long_to_wait(client, user):
    """A page of the allowed origin may read the header Retry-After of a 429."""
    client.defaults["HTTP_ORIGIN"] = "http://localhost:3000"
    _, answer = until_429(lambda n: login(client, "a guess", "ada"))
    got = answer.headers.get("Access-Control-Expose-Headers", "").lower()
    for name in ["retry-after", "www-authenticate"]:
        assert name in got, f"Access-Control-Expose-Headers should name {name}, got “{got}”"


# The database under many writers


@pytest.mark.hardening
@pytest.mark.mend("medium/settings.py", "Are the OPTIONS of DATABASES set?")
def test_readers_do_not_wait_for_writers(running):
    """SQLite keeps a write-ahead log: reading goes on while somebody writes."""
    with closing(sqlite3.connect(running.database, timeout=0)) as other:
        mode = other.execute("PRAGMA journal_mode").fetchone()[0]
        assert mode == "wal", f"the journal mode should be wal, is {mode}"
        other.execute("BEGIN EXCLUSIVE")
        expect(requests.get(running.url + PART.products, timeout=60), 200)


WRITE_AFTER_READING = """
import sqlite3
import django; django.setup()
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction

call_command("migrate", verbosity=0)
get_user_model().objects.create_user("grace")
other = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=0)
with transaction.atomic():
    get_user_model().objects.count()
    try:
        other.execute("UPDATE auth_user SET first_name = 'x'")
        other.commit()
    except sqlite3.OperationalError:
        pass  # it waits for its turn
    get_user_model().objects.create_user("ada")
"""


@pytest.mark.hardening
@pytest.mark.mend("medium/settings.py", "Is “transaction_mode” IMMEDIATE in the OPTIONS?")
def test_whoever_has_read_may_write(project, pytestconfig, tmp_path):
    """A transaction that reads first and writes then is not told that the database is locked."""
    settings = pytestconfig.option.settings_module
    result = subprocess.run(
        [sys.executable, "-c", WRITE_AFTER_READING],
        env=project_environment(project, tmp_path, settings=settings),
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = result.stderr.strip().rpartition("\n")[2]
    assert result.returncode == 0, f"the second statement should be carried out, got “{said}”"
