"""Part 9: password and profile of one's own, comments of one's own."""

import pytest
from django.contrib.auth import get_user_model

from tutorial.checking.promises import PART, expect, make_comment, make_product, model

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
    """PUT /auth/change_password/<pk>/ changes it: the old one is no good any more."""
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
    """Sending what is already so is no error."""
    as_user(client, "ada")
    expect(update(client, user.pk, username="ada", email="ADA@example.com"), 200)


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


# Images


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
