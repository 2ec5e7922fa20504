"""Part 9: password and profile of one's own, comments of one's own."""

import io
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tutorial import tokens
from tutorial.checking.promises import (
    PART,
    expect,
    just_after_reading,
    just_before,
    just_before_writing,
    make_comment,
    make_product,
    model,
    queries,
    together,
)
from tutorial.running.server import PASSWORD, serve

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("accounts/views.py", "Are IsAuthenticated and IsSelf the permission classes?"),
]

OLD, NEW = "correct horse", "battery staple, of course"
PASSWORDS = {"old_password": OLD, "password": NEW, "password2": NEW}


def login(client, username="ada", password=OLD):
    return client.post(PART.login, {"username": username, "password": password})


def as_user(client, username, password=OLD):
    """Log the client in as this user; return the token pair."""
    pair = expect(login(client, username, password), 200)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"
    return pair


@pytest.fixture
def other(db):
    """Another member than the one who asks."""
    return get_user_model().objects.create_user("grace", "grace@example.com", OLD)


def send(client, method, path, data):
    return getattr(client, method)(path, data, content_type="application/json")


def change(client, pk, **changes):
    data = {name: value for name, value in (PASSWORDS | changes).items() if value is not None}
    return send(client, "put", f"/auth/change_password/{pk}/", data)


def update(client, pk, method="patch", **data):
    return send(client, method, f"/auth/update_profile/{pk}/", data)


# The password


@pytest.mark.mend("accounts/urls.py", 'Is ChangePasswordView at "change_password/<int:pk>/"?')
def test_a_password_is_changed(client, user):
    """PUT /auth/change_password/<pk>/ changes it: the old one no longer works."""
    as_user(client, "ada")
    answer = change(client, user.pk)
    expect(answer, 200)
    assert b"assword" not in answer.content, f"no password should come back: {answer.content}"
    expect(login(client, password=OLD), 401)
    expect(login(client, password=NEW), 200)


@pytest.mark.mend("medium/settings.py", "Is CHECK_REVOKE_TOKEN on in SIMPLE_JWT?")
def test_a_new_password_voids_the_old_tokens(client, user):
    """Tokens from before are 401, at the API and at refresh; new ones work."""
    old = as_user(client, "ada")
    expect(client.get(PART.protected), 200)
    expect(change(client, user.pk), 200)
    expect(client.get(PART.protected), 401)
    expect(client.post(PART.refresh, {"refresh": old["refresh"]}), 401)
    new = as_user(client, "ada", NEW)
    expect(client.get(PART.protected), 200)
    expect(client.post(PART.refresh, {"refresh": new["refresh"]}), 200)


BAD = {
    "a wrong old password": ({"old_password": "a guess"}, "old_password"),
    "no old password": ({"old_password": None}, "old_password"),
    "no new password": ({"password": None}, "password"),
    "no repetition": ({"password2": None}, "password2"),
    "another repetition": ({"password2": "battery"}, "password2"),
    "a short password": ({"password": "k7!x", "password2": "k7!x"}, "password"),
    "a common password": ({"password": "password1", "password2": "password1"}, "password"),
    "one's own e-mail": (
        {"password": "ada@example.com", "password2": "ada@example.com"},
        "password",
    ),
    "a list": ({"password": ["x"]}, "password"),
    "a null character": ({"old_password": "\0"}, "old_password"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.mend("accounts/serializers.py", "What does ChangePasswordSerializer check?")
def test_a_bad_change_is_refused(client, user, what):
    """Bad input is 400, names the field, and changes nothing."""
    as_user(client, "ada")
    changes, field = BAD[what]
    got = expect(change(client, user.pk, **changes), 400)
    assert list(got) == [field], f"{what} should be said of “{field}”: {got}"
    expect(login(client, password=OLD), 200)


# Only one's own


@pytest.mark.parametrize("what", ["password", "profile, put", "profile, patch"])
@pytest.mark.mend("accounts/permissions.py", "Does IsSelf compare the pk before it is looked up?")
def test_only_one_s_own(client, user, other, what):
    """Another user's pk is refused, with the same answer whether or not that user exists."""
    as_user(client, "ada")

    def attempt(pk):
        if what == "password":
            return change(client, pk)
        own = {"username": "mine", "email": "mine@example.com"}
        return update(client, pk, what.rsplit(" ", 1)[1], **own)

    answers = [attempt(other.pk), attempt(4711), attempt(10**30)]
    expect(answers[0], 403, 404)
    told = {(answer.status_code, answer.content) for answer in answers}
    assert len(told) == 1, f"the answer should not tell who exists, got {told}"
    other.refresh_from_db()
    assert other.username == "grace" and other.check_password(OLD), "grace should be as she was"


@pytest.mark.parametrize("path", ["/auth/change_password/", "/auth/update_profile/"])
def test_a_stranger_changes_nobody(client, user, path):
    """Without a token, the answer is 401."""
    expect(send(client, "put", f"{path}{user.pk}/", PASSWORDS), 401)
    expect(send(client, "put", f"{path}4711/", PASSWORDS), 401)


# The profile


@pytest.mark.mend("accounts/urls.py", 'Is UpdateProfileView at "update_profile/<int:pk>/"?')
def test_a_profile_is_updated(client, user):
    """PUT sets name and e-mail, PATCH only what it names; neither shows or sets a password."""
    as_user(client, "ada")
    data = {"username": "countess", "email": "countess@example.com", "first_name": "Augusta"}
    got = expect(update(client, user.pk, "put", **data), 200)
    assert data.items() <= got.items(), f"the answer should show {data}: {got}"
    data = {"last_name": "King", "password": "sneaked in", "is_staff": True}
    expect(update(client, user.pk, **data), 200)
    user.refresh_from_db()
    names = (user.username, user.first_name, user.last_name, user.is_staff)
    assert names == ("countess", "Augusta", "King", False), f"the profile is now {names}"
    assert user.check_password(OLD), "the password should be as it was"


@pytest.mark.mend("accounts/serializers.py", "Which fields does ProfileSerializer require?")
def test_a_whole_profile_is_asked_for(client, user):
    """PUT without an e-mail is 400."""
    as_user(client, "ada")
    assert list(expect(update(client, user.pk, "put", username="ada"), 400)) == ["email"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "grace"),
        ("username", "\uff47race"),
        ("username", "a b"),
        ("username", ""),
        ("email", "grace@example.com"),
        ("email", "GRACE@example.com"),
        ("email", "grace"),
    ],
)
@pytest.mark.mend("accounts/serializers.py", "Does ProfileSerializer check that it is unique?")
def test_a_taken_name_is_refused(client, user, other, field, value):
    """A username or e-mail that is taken, or none, is 400 and names the field."""
    as_user(client, "ada")
    got = expect(update(client, user.pk, **{field: value}), 400)
    assert list(got) == [field], f"the answer should name “{field}”: {got}"


def test_one_s_own_e_mail_is_not_taken(client, user):
    """Sending unchanged values is not an error."""
    as_user(client, "ada")
    expect(update(client, user.pk, username="ada", email="ADA@example.com"), 200)


# Two at the same moment


def of_another_browser(client):
    """A client with the same token, for a request while this one is busy with its own."""
    return Client(raise_request_exception=False, **client.defaults)


@pytest.mark.hardening
@pytest.mark.parametrize("method", ["patch", "put"])
@pytest.mark.mend("accounts/serializers.py", "Does `update` write what was sent, and nothing else?")
def test_a_new_password_is_not_undone(client, user, method):
    """A profile is saved at the same moment: the new password stays, and voids the old tokens."""
    old = as_user(client, "ada")
    there = of_another_browser(client)
    data = {"username": "ada", "email": "ada@example.com"} if method == "put" else {}
    with just_before_writing(lambda: expect(change(there, user.pk), 200)):
        expect(update(client, user.pk, method, first_name="Ada", **data), 200)
    user.refresh_from_db()
    assert user.first_name == "Ada", "the profile should be saved"
    assert user.check_password(NEW), "the new password should stay"
    expect(client.get(PART.protected), 401)
    expect(client.post(PART.refresh, {"refresh": old["refresh"]}), 401)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Does `update` write what was sent, and nothing else?")
def test_a_deactivated_user_stays_out(client, user):
    """An administrator deactivates a user who saves a profile at that moment: it stays so."""
    as_user(client, "ada")
    users = get_user_model().objects
    with just_before_writing(lambda: users.update(is_active=False)):
        update(client, user.pk, first_name="Ada")
    assert not users.get().is_active, "the user should stay deactivated"
    expect(client.get(PART.protected), 401)


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Does `update` write what was sent, and nothing else?")
def test_two_changes_of_a_profile_are_both_kept(client, user):
    """Two requests change different fields at the same moment: both changes are kept."""
    as_user(client, "ada")
    there = of_another_browser(client)
    with just_before_writing(lambda: expect(update(there, user.pk, last_name="King"), 200)):
        got = expect(update(client, user.pk, first_name="Augusta"), 200)
    user.refresh_from_db()
    names = (user.first_name, user.last_name)
    assert names == ("Augusta", "King"), f"one change is lost: {names}"
    assert (got["first_name"], got["last_name"]) == names, f"both should be shown: {got}"


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "What does `update` do when the user is gone?")
def test_a_deleted_user_stays_deleted(client, user):
    """A user who is deleted while a profile is saved is gone: 401 or 404, and no new row."""
    as_user(client, "ada")
    with just_before_writing(lambda: get_user_model().objects.all().delete()):
        expect(update(client, user.pk, first_name="Ada"), 401, 404)
    assert not get_user_model().objects.exists(), "the deleted user should not come back"


@pytest.mark.hardening
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["username", "email"])
@pytest.mark.mend("accounts/serializers.py", "Is IntegrityError caught where the user is stored?")
def test_a_name_that_is_taken_meanwhile_is_refused(client, user, field):
    """Somebody takes the name, or e-mail, between our check and our update: 400."""
    as_user(client, "ada")
    value = {"username": "grace", "email": "grace@example.com"}[field]
    theirs = {"username": "other", "email": "other@example.com"} | {field: value}
    with just_before_writing(lambda: get_user_model().objects.create_user(**theirs)):
        got = expect(update(client, user.pk, **{field: value}), 400)
    assert list(got) == [field], f"the answer should name “{field}”: {got}"


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Is the old password a condition of the update?")
def test_of_two_new_passwords_one_wins(client, user):
    """Two requests change the password at the same moment: one is 200, the other 400 or 401."""
    as_user(client, "ada")
    there = of_another_browser(client)
    first = {"password": NEW, "password2": NEW}
    second = {"password": "another battery", "password2": "another battery"}
    with just_before_writing(lambda: expect(change(there, user.pk, **first), 200)):
        expect(change(client, user.pk, **second), 400, 401)
    user.refresh_from_db()
    assert user.check_password(NEW), "the password that was answered 200 should be the one"


def edit_in_admin(client, user, meanwhile, **changes):
    """Save a user's page in the admin, as a browser does, while something else happens."""
    client.raise_request_exception = False
    path = f"/admin/auth/user/{user.pk}/change/"
    page = client.get(path)
    expect(page, 200)
    data = {}
    for field in page.context["adminform"].form:
        value = field.value()
        if isinstance(value, list):  # a date and a time, of which nothing is changed
            data |= {f"{field.html_name}_{n}": str(part) for n, part in enumerate(value)}
        elif value is not None:
            data[field.html_name] = value
    data |= {"date_joined_0": str(user.date_joined.date())}
    data |= {"date_joined_1": user.date_joined.strftime("%H:%M:%S")}
    with just_before('UPDATE "auth_user"', meanwhile):
        expect(client.post(path, {**data, **changes}), 302)


@pytest.mark.hardening
@pytest.mark.mend("accounts/admin.py", "Does `save_model` write what was changed in the form?")
def test_the_admin_writes_what_was_changed(admin_client, user):
    """A user is renamed in the admin while they change their password: both are kept."""
    users = get_user_model().objects.filter(pk=user.pk)
    other = get_user_model()(username="x")
    other.set_password(NEW)

    def meanwhile():
        users.update(password=other.password, last_name="King")

    edit_in_admin(admin_client, user, meanwhile, first_name="Augusta")
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == ("Augusta", "King"), "both names should be kept"
    assert user.check_password(NEW), "the new password should stay"


@pytest.mark.hardening
@pytest.mark.mend("accounts/admin.py", "Does `save_model` store groups, and new users?")
def test_the_admin_still_stores_everything(admin_client, user):
    """In the admin users are added, deactivated, and put into groups."""
    from django.contrib.auth.models import Group

    group = Group.objects.create(name="editors")
    data = {"username": "grace", "password1": NEW, "password2": NEW, "usable_password": "true"}
    expect(admin_client.post("/admin/auth/user/add/", data), 302)
    grace = get_user_model().objects.get(username="grace")
    assert grace.check_password(NEW), "the new user should have the password"
    data = {"is_active": "", "groups": [group.pk]}
    edit_in_admin(admin_client, grace, lambda: None, **data)
    grace.refresh_from_db()
    assert not grace.is_active, "the user should be deactivated"
    assert list(grace.groups.all()) == [group], "the user should be in the group"


@pytest.mark.hardening
@pytest.mark.mend("accounts/admin.py", "Does the admin's password form write anything else?")
def test_the_admin_s_password_form_writes_the_password(admin_client, user):
    """A password is set in the admin while the user's profile is changed: both are kept."""
    admin_client.raise_request_exception = False
    users = get_user_model().objects.filter(pk=user.pk)
    path = f"/admin/auth/user/{user.pk}/password/"
    data = {"password1": NEW, "password2": NEW, "usable_password": "true"}

    def meanwhile():
        users.update(last_name="King", is_active=False)

    with just_before('UPDATE "auth_user"', meanwhile):
        expect(admin_client.post(path, data | {"set-password": "Change password"}), 302)
    user.refresh_from_db()
    assert user.check_password(NEW), "the new password should be stored"
    assert (user.last_name, user.is_active) == ("King", False), "the other change should be kept"


@pytest.mark.stress
@pytest.mark.mend("accounts/serializers.py", "Does each update write only what it may?")
def test_no_password_is_lost_in_a_crowd(project):
    """A hundred times, three clients save a profile while its owner changes the password once.

    Fifty times, eight clients change it with the same old password.
    """
    with serve(project, environment={"TUTORIAL_ATTEMPTS": "1000000"}) as running:

        def put(pk, headers, old, new):
            url = f"{running.url}/auth/change_password/{pk}/"
            data = {"old_password": old, "password": new, "password2": new}
            return requests.put(url, json=data, headers=headers, timeout=120)

        def log_in(password):
            data = {"username": "demo", "password": password}
            return requests.post(running.url + PART.login, json=data, timeout=120)

        def session(password):
            pair = expect(log_in(password), 200)
            pk = tokens.decode(pair["access"])[1]["user_id"]
            return pk, pair, {"Authorization": f"Bearer {pair['access']}"}

        password = PASSWORD
        for turn in range(100):
            pk, pair, headers = session(password)
            busy, done = threading.Barrier(4), threading.Event()

            def save(pk=pk, headers=headers, busy=busy, done=done):
                url = f"{running.url}/auth/update_profile/{pk}/"
                busy.wait()
                while not done.is_set():
                    data = {"first_name": "x"}
                    requests.patch(url, json=data, headers=headers, timeout=120)

            threads = [threading.Thread(target=save) for _ in range(3)]
            for thread in threads:
                thread.start()
            busy.wait()
            old, password = password, f"a new one for turn {turn}"
            expect(put(pk, headers, old, password), 200)
            done.set()
            for thread in threads:
                thread.join()
            expect(requests.get(running.url + PART.protected, headers=headers, timeout=60), 401)
            data = {"refresh": pair["refresh"]}
            expect(requests.post(running.url + PART.refresh, json=data, timeout=60), 401)
            expect(log_in(old), 401)

        for turn in range(50):
            pk, _, headers = session(password)
            new = [f"number {number} of round {turn}" for number in range(8)]
            calls = [
                lambda word=word, headers=headers, old=password: put(pk, headers, old, word)  # noqa: B023
                for word in new
            ]
            got = together(*calls)
            assert got.count(200) == 1, f"one of eight should be 200, got {got}"
            assert set(got) <= {200, 400, 401}, f"the others should be 400 or 401, got {got}"
            password = next(word for word in new if log_in(word).status_code == 200)


# What is hidden in a text


@pytest.mark.hardening
@pytest.mark.mend("accounts/serializers.py", "Has “old_password” `trim_whitespace` off?")
def test_an_old_password_is_as_typed(client, user):
    """Spaces around a password are a part of it when it is changed, too."""
    as_user(client, "ada")
    spaced = f" {NEW} "
    expect(change(client, user.pk, old_password=f"{OLD} "), 400)
    expect(change(client, user.pk, password=spaced), 400)
    expect(change(client, user.pk, password=spaced, password2=spaced), 200)
    expect(login(client, password=NEW), 401)
    as_user(client, "ada", spaced)
    expect(change(client, user.pk, old_password=NEW), 400)
    expect(change(client, user.pk, old_password=spaced), 200)


@pytest.mark.hardening
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "x" * 50_001),
        ("email", "x" * 50_001 + "@example.com"),
        ("email", "x@B\xdcCHER.example"),
        ("username", "rene\u0301e"),
    ],
    ids=["a long username", "a long e-mail", "a taken e-mail", "a taken username"],
)
@pytest.mark.mend("accounts/serializers.py", "Has a profile the same fields as a registration?")
def test_a_profile_has_the_rules_of_a_registration(client, user, field, value):
    """A name or e-mail that is too long, or taken in another spelling, is 400."""
    get_user_model().objects.create_user("ren\xe9e", "x@b\xfccher.example")
    as_user(client, "ada")
    with queries() as statements:
        got = expect(update(client, user.pk, **{field: value}), 400)
    assert list(got) == [field], f"the answer should name “{field}”: {got}"
    longest = max(map(len, statements))
    assert longest < 2000, f"the database should not be sent {longest} characters"


@pytest.mark.hardening
@pytest.mark.mend("accounts/views.py", "Has ChangePasswordView a `throttle_scope`?")
def test_guessing_the_old_password_is_slowed_down(client, user, other):
    """One user guesses the old password again and again: 429. Another is not affected."""
    as_user(client, "grace")
    hers = dict(client.defaults)
    as_user(client, "ada")
    for number in range(60):
        answer = change(client, user.pk, old_password=f"guess {number}")
        if answer.status_code == 429:
            break
        expect(answer, 400)
    expect(answer, 429)
    wait = int(answer.headers.get("Retry-After", 0))
    assert 0 < wait <= 3600, f"Retry-After should be up to an hour, got {wait}"
    expect(change(client, user.pk), 429)  # nobody looks at it
    client.defaults.update(hers)
    expect(change(client, other.pk), 200)


# Comments


@pytest.mark.mend("reviews/views.py", "Does CommentViewSet store who sent the comment?")
def test_a_member_comments(client, user, other):
    """POST /comment/ stores a comment in the name of who sends it, whatever it says."""
    product = make_product()
    as_user(client, "ada")
    data = {"title": "Good", "content": "It does.", "product": product.pk, "user": other.pk}
    got = expect(send(client, "post", "/comment/", data), 201)
    assert got["user"] == user.pk, f"“user” should be {user.pk}, who sent it: {got}"
    assert product.comments.get().user == user


@pytest.mark.mend("reviews/views.py", "Is IsAuthenticatedOrReadOnly among the permission classes?")
def test_comments_are_read_by_all_and_written_by_members(client):
    """GET /comment/ needs no token; POST without one is 401."""
    comment = make_comment(make_product())
    expect(client.get("/comment/"), 200)
    got = expect(client.get(f"/comment/{comment.pk}/?expand=user"), 200)
    assert set(got["user"]) == {"pk", "username"}, f"of a user only pk and username: {got}"
    expect(send(client, "post", "/comment/", {"title": "x"}), 401)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.mend("reviews/views.py", "Is IsOwner among the permission classes of CommentViewSet?")
def test_only_the_author_changes_a_comment(client, user, other, method):
    """A comment is changed and deleted by its author: 403 for others, 401 for strangers."""
    product = make_product()
    comment = model("Comment").objects.create(
        title="Good", content="It does.", product=product, user=user
    )
    path = f"/comment/{comment.pk}/"
    data = {"title": "Better", "content": "It did.", "product": product.pk, "user": other.pk}
    expect(send(client, method, path, data), 401)
    as_user(client, "grace")
    expect(send(client, method, path, data), 403)
    comment.refresh_from_db()
    assert (comment.title, comment.user) == ("Good", user), "the comment should be as it was"
    as_user(client, "ada")
    expect(send(client, method, path, data), 200, 204)
    left = model("Comment").objects.filter(pk=comment.pk).exclude(user=user)
    assert not left, "a comment should stay its author's, whatever the request says"


@pytest.mark.parametrize(
    ("field", "value"),
    [("product", 4711), ("product", "x"), ("product", 10**30), ("title", ""), ("content", "\0")],
)
@pytest.mark.mend("reviews/serializers.py", "Which `fields` does CommentSerializer take?")
def test_a_bad_comment_is_refused(client, user, field, value):
    """A comment without a title, or on a product that is not there, is 400."""
    data = {"title": "Good", "content": "It does.", "product": make_product().pk, field: value}
    as_user(client, "ada")
    got = expect(send(client, "post", "/comment/", data), 400)
    assert list(got) == [field], f"the answer should name “{field}”: {got}"


@pytest.mark.hardening
@pytest.mark.parametrize(
    "value",
    [
        *["1e400", "-1e400", "1.5", "true", "null", "[]", "{}", '"1.5"', '"x"', '""', r'"\ud800"'],
        *["1" + "0" * 30, "1" + "0" * 5000, '"' + "9" * 2000 + '"', "9223372036854775808", "-1"],
    ],
    ids=lambda value: value[:12],
)
@pytest.mark.mend("reviews/serializers.py", "Is the `pk_field` of “product” an IntegerField?")
def test_a_product_is_a_whole_number(client, user, value):
    """A comment on product 1.5, true or 1e400 is 400: no number is rounded, none is too large."""
    make_product()
    as_user(client, "ada")
    body = f'{{"title": "Good", "content": "It does.", "product": {value}}}'
    for kind in ["application/json", "text/html"]:
        answer = client.post("/comment/", body, content_type="application/json", HTTP_ACCEPT=kind)
        expect(answer, 400)
    assert not model("Comment").objects.exists(), "no comment should be stored"


@pytest.mark.hardening
@pytest.mark.mend(
    "reviews/views.py", "Is what is wrong in ?expand= refused before a page is drawn?"
)
@pytest.mark.parametrize("query", ["expand=a.b.c.d.e", "fields=a.b.c.d.e", "omit=user.user"])
def test_a_page_of_comments_refuses_nonsense(client, user, query):
    """A path that is too deep is 400 in a browser too, where the page has a form."""
    comment = make_comment(make_product())
    as_user(client, "ada")
    for path in ["/comment/", f"/comment/{comment.pk}/"]:
        expect(client.get(f"{path}?{query}", HTTP_ACCEPT="text/html"), 400)


# Nothing is lost


def update_of(name):
    """How the SQL begins that changes a row of this model."""
    return f'UPDATE "{model(name)._meta.db_table}"'


@pytest.fixture
def comment(user):
    return model("Comment").objects.create(
        title="Good", content="It does.", product=make_product(), user=user
    )


@pytest.mark.hardening
@pytest.mark.parametrize("method", ["patch", "put"])
@pytest.mark.mend("reviews/serializers.py", "Does `update` save the sent fields and no others?")
def test_two_changes_of_a_comment_are_both_kept(client, comment, method):
    """Two requests change different fields of a comment at the same moment: both are kept."""
    path = f"/comment/{comment.pk}/"
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    model("Comment").objects.update(updated=long_ago)
    as_user(client, "ada")

    def other():
        if method == "patch":
            expect(send(client, "patch", path, {"content": "It did."}), 200)
        else:  # of what a PUT cannot send, but an administrator can
            model("Comment").objects.update(user=make_comment(comment.product).user)

    data = {"title": "Better"}
    if method == "put":
        data |= {"content": "It did.", "product": comment.product.pk}
    with just_before(update_of("Comment"), other):
        expect(send(client, method, path, data), 200)
    before, comment = comment, model("Comment").objects.get(pk=comment.pk)
    assert comment.title == "Better", f"the title should be changed, is {comment.title}"
    assert comment.content == "It did.", f"the other change is lost: {comment.content}"
    if method == "put":
        assert comment.user != before.user, "the other change, of the author, is lost"
    assert comment.updated > long_ago, "“updated” should say when it was changed"


@pytest.mark.hardening
@pytest.mark.mend("reviews/views.py", "Is the row read again, and locked, before it is changed?")
def test_a_comment_that_is_deleted_meanwhile_is_gone(client, comment):
    """A comment that is deleted while it is changed is 404, and stays deleted."""
    as_user(client, "ada")
    with just_after_reading(comment, lambda: model("Comment").objects.all().delete()):
        expect(send(client, "patch", f"/comment/{comment.pk}/", {"title": "Better"}), 404)
    assert not model("Comment").objects.exists(), "the deleted comment should not come back"


# Changing one field of a row in the admin, while another one is changed elsewhere.
EDITS = {
    "product": ({"name": "Kite"}, {"content": "It flies."}),
    "company": ({"name": "Harbour"}, {"url": "https://harbour.example/"}),
    "productsite": ({"name": "Small Kite"}, {"price": 7}),
    "comment": ({"title": "Bad"}, {"content": "It does not."}),
    "image": ({"name": "Kite"}, {"image": "images/other.png", "width": 7, "height": 5}),
}


def posted(answer):
    """What a browser sends when somebody saves this page of the admin as it is."""
    forms = [answer.context["adminform"].form]
    for formset in answer.context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    data = {}
    for form in forms:
        for field in form:
            value = field.value()
            if value is not None and not hasattr(value, "storage"):  # a file is not sent again
                data[field.html_name] = value
    return data


@pytest.mark.hardening
@pytest.mark.parametrize("name", EDITS)
@pytest.mark.mend("reviews/admin.py", "Does `save_model` write what was changed in the form?")
def test_an_editor_writes_what_was_changed(admin_client, name):
    """In the admin a change of one field leaves the others as they are by now."""
    admin_client.raise_request_exception = False
    make_product(offers=1, comments=1, categories=1, images=1)
    row = model(name).objects.get()
    path = f"/admin/reviews/{name}/{row.pk}/change/"
    mine, others = EDITS[name]
    data = posted(admin_client.get(path)) | mine
    with just_before(update_of(name), lambda: model(name).objects.update(**others)):
        expect(admin_client.post(path, data), 302)
    row = model(name).objects.get()
    for field, value in (mine | others).items():
        assert getattr(row, field) == value, f"“{field}” is {getattr(row, field)}, its change lost"


@pytest.mark.hardening
@pytest.mark.mend("reviews/admin.py", "Do the offers on a product's page save what was changed?")
def test_an_editor_writes_what_was_changed_of_an_offer(admin_client):
    """On a product's page, too, a change of an offer's name leaves its price as it is by now."""
    admin_client.raise_request_exception = False
    product = make_product(offers=2, categories=1)
    offer = product.sites.first()
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    model("ProductSite").objects.update(updated=long_ago)
    path = f"/admin/reviews/product/{product.pk}/change/"
    data = posted(admin_client.get(path))
    data["sites-0-name"] = "Small Kite"
    with just_before(
        update_of("ProductSite"), lambda: model("ProductSite").objects.update(price=7)
    ):
        expect(admin_client.post(path, data), 302)
    offer.refresh_from_db()
    assert (offer.name, offer.price) == ("Small Kite", 7), f"one change is lost: {offer.price}"
    assert offer.updated > long_ago, "“updated” should say when it was changed"


@pytest.mark.hardening
@pytest.mark.mend("reviews/admin.py", "What does `save_model` do with a form that changed nothing?")
def test_an_editor_adds_and_changes_everything(admin_client):
    """In the admin a product's text, categories, pictures and offers are all stored."""
    admin_client.raise_request_exception = False
    make_product(offers=1, categories=2, images=1)
    kite = make_product("Kite")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    model("Product").objects.update(updated=long_ago)
    category, image = model("Category").objects.last(), model("Image").objects.get()
    offer = model("ProductSite").objects.get()
    path = f"/admin/reviews/product/{kite.pk}/change/"
    data = posted(admin_client.get(path))
    data |= {"content": "It flies.", "category": [category.pk], "image": [image.pk]}
    data |= {"sites-TOTAL_FORMS": 1, "sites-0-name": "Kite, small", "sites-0-price": "5.00"}
    data |= {"sites-0-company": offer.company.pk, "sites-0-productsize": offer.productsize.pk}
    data |= {"sites-0-url": "https://corner.example/kite/"}
    expect(admin_client.post(path, data), 302)
    kite.refresh_from_db()
    assert kite.content == "It flies.", "the text should be stored"
    assert list(kite.category.all()) == [category], "the category should be stored"
    assert list(kite.image.all()) == [image], "the picture should be stored"
    assert kite.sites.get().name == "Kite, small", "the new offer should be stored"
    assert kite.updated > long_ago, "“updated” should say when it was changed"
    data = posted(admin_client.get(path)) | {"sites-0-DELETE": "on"}
    expect(admin_client.post(path, data), 302)
    assert not kite.sites.exists(), "the deleted offer should be gone"


# Images


def picture(width, height=500):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def put_picture(client, path, width):
    file = SimpleUploadedFile("new.png", picture(width))
    body = encode_multipart(BOUNDARY, {"name": f"{width}", "image": file})
    return client.put(path, body, content_type=MULTIPART_CONTENT)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def image(editor, media):
    """An image of the editor's, with its files."""
    data = {"name": "Kite", "image": SimpleUploadedFile("kite.png", picture(900))}
    return model("Image").objects.get(pk=expect(editor.post("/image/", data), 201)["pk"])


def its_own(image):
    """The files that an image has: the original and its renditions."""
    renditions = [rendition.path for rendition in image.image.get_picture_files_list()]
    return sorted([Path(image.image.path), *renditions])


@pytest.mark.hardening
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/views.py", "Is the row read again, and locked, before it is changed?")
def test_of_two_uploads_one_leaves_its_files(editor, media, image):
    """Two pictures replace one at the same moment: the files that are left are the row's own."""
    path = f"/image/{image.pk}/"
    with just_after_reading(image, lambda: expect(put_picture(editor, path, 850), 200)):
        expect(put_picture(editor, path, 1000), 200)
    image.refresh_from_db()
    assert image.width == 1000, f"the second picture should be stored, not one of {image.width}"
    assert files(media) == its_own(image), "only the image's own files should be left"


@pytest.mark.hardening
@pytest.mark.parametrize("first", ["delete", "put"])
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/views.py", "Is the row read again, and locked, before it is deleted?")
def test_an_image_that_is_deleted_takes_its_files(editor, media, image, first):
    """An image that is replaced and deleted at the same moment leaves no file."""
    path = f"/image/{image.pk}/"
    if first == "put":
        with just_after_reading(image, lambda: expect(put_picture(editor, path, 850), 200)):
            expect(editor.delete(path), 204)
    else:
        with just_after_reading(image, lambda: expect(editor.delete(path), 204)):
            expect(put_picture(editor, path, 850), 404)
    assert not model("Image").objects.exists(), "the deleted image should not come back"
    assert not files(media), f"the deleted image left {files(media)}"


@pytest.mark.hardening
@pytest.mark.parametrize(
    ("method", "statement"), [("patch", "UPDATE"), ("put", "UPDATE"), ("delete", "DELETE FROM")]
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.mend("reviews/views.py", "Is the row read and written in one transaction?")
def test_a_row_is_read_and_written_in_one_transaction(editor, image, method, statement):
    """An image is read again and written, or deleted, in one transaction that locks its row."""
    path, held = f"/image/{image.pk}/", []
    table = model("Image")._meta.db_table
    with just_before(f'{statement} "{table}"', lambda: held.append(connection.in_atomic_block)):
        if method == "put":
            expect(put_picture(editor, path, 850), 200)
        else:
            expect(send(editor, method, path, {"name": "Comet"}), 200, 204)
    assert held == [True], f"{method.upper()} {path} should write in a transaction"


@pytest.mark.stress
@pytest.mark.mend("reviews/views.py", "Is the row read again, and locked, before it is changed?")
def test_nothing_is_lost_in_a_crowd(project, tmp_path):
    """Fifty times, clients change a comment and replace an image at once: nothing is lost."""
    with serve(project, keep=tmp_path) as running:
        data = {"username": "admin", "password": PASSWORD}
        pair = requests.post(running.url + PART.login, json=data, timeout=30).json()
        headers = {"Authorization": f"Bearer {pair['access']}"}

        def ask(method, path, **more):
            url = running.url + path
            return requests.request(method, url, headers=headers, timeout=60, **more)

        def upload(width):
            return {"data": {"name": "Kite"}, "files": {"image": ("a.png", picture(width))}}

        pictures = {}
        for _ in range(50):
            pk = expect(
                ask("POST", "/comment/", json={"title": "a", "content": "b", "product": 1}), 201
            )["pk"]
            path = f"/comment/{pk}/"
            statuses = together(
                lambda path=path: ask("PATCH", path, json={"title": "A"}),
                lambda path=path: ask("PATCH", path, json={"content": "B"}),
            )
            got = ask("GET", path).json()
            assert (statuses, got["title"], got["content"]) == ([200, 200], "A", "B"), got

            path = f"/image/{expect(ask('POST', '/image/', **upload(850)), 201)['pk']}/"
            statuses = together(
                lambda path=path: ask("PUT", path, **upload(900)),
                lambda path=path: ask("PUT", path, **upload(1000)),
                lambda path=path: ask("PATCH", path, json={"name": "Comet"}),
            )
            assert statuses == [200, 200, 200], statuses
            pictures[path] = ask("GET", path).json()
        left = {file.name for file in (tmp_path / "media" / "images").iterdir() if file.is_file()}
        rows = [ask("GET", f"/image/?page={page}").json() for page in range(1, 7)]
        own = {row["image"].rpartition("/")[2] for page in rows for row in page.get("results", [])}
        assert left == own, f"left over: {left - own}, missing: {own - left}"


@pytest.mark.hardening
@pytest.mark.mend("reviews/models.py", "Has each field that a list is ordered by an index?")
@pytest.mark.parametrize(
    ("name", "order"),
    [
        *[("Product", ["name"]), ("Product", ["-name"]), ("Product", ["updated"])],
        *[("Product", ["created"]), ("Product", None), ("Comment", None), ("Image", None)],
    ],
)
def test_an_order_has_an_index(db, name, order):
    """Whatever a list can be ordered by, the database does not sort all rows for one page."""
    rows = model(name).objects.all()
    plan = (rows.order_by(*order) if order else rows).explain()
    assert "TEMP B-TREE" not in plan, f"{name} by {order or 'its own order'}: {plan}"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.mend("reviews/views.py", "Is IsStaff among the permission classes of ImageViewSet?")
def test_only_staff_changes_an_image(client, user, method):
    """Replacing, renaming and deleting an image is 403 for a member who is not staff."""
    make_product(images=1)
    image = model("Image").objects.get()
    as_user(client, "ada")
    expect(send(client, method, f"{PART.protected}{image.pk}/", {"name": "Mine"}), 403)
    image.refresh_from_db()
    assert image.name == "Image 0", "the image should be as it was"
    expect(client.get(f"{PART.protected}{image.pk}/"), 200)
