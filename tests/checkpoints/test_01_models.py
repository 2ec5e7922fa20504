"""Part 1: the project, its models and migrations."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command

from tutorial.checking.promises import expect, make_comment, make_offer, make_product, model
from tutorial.running.environment import SOURCES

pytestmark = pytest.mark.django_db

FIELDS = {
    "Company": ["name", "url"],
    "ProductSize": ["name"],
    "Category": ["name"],
    "Product": ["name", "content", "category", "created", "updated"],
    "ProductSite": [
        "name",
        "product",
        "company",
        "productsize",
        "price",
        "url",
        "created",
        "updated",
    ],
    "Comment": ["title", "content", "product", "user", "created", "updated"],
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.mend("reviews/models.py", "Is every field there, spelt as in the chapter?")
def test_a_model_has_its_fields(name):
    """Each model has the fields that the series names."""
    there = {field.name for field in model(name)._meta.get_fields()}
    missing = [field for field in FIELDS[name] if field not in there]
    assert not missing, f"{name} should have {', '.join(missing)}, and has not"


RELATED = {
    "Category.products": lambda product: product.category.get().products,
    "Product.sites": lambda product: product.sites,
    "Company.sites": lambda product: product.sites.get().company.sites,
    "ProductSize.sites": lambda product: product.sites.get().productsize.sites,
    "Product.comments": lambda product: product.comments,
    "User.comments": lambda product: product.comments.get().user.comments,
}


@pytest.mark.parametrize("name", RELATED)
@pytest.mark.mend("reviews/models.py", "Is `related_name` on the field that points there?")
def test_a_related_name_leads_back(name):
    """Related objects are found by the names of the series."""
    product = make_product(offers=1, comments=1, categories=1)
    try:
        related = RELATED[name](product)
    except AttributeError as error:
        pytest.fail(f"{name} should lead to the related objects: {error}")
    assert related.count() == 1, f"{name} should find one object, found {related.count()}"


@pytest.mark.mend("reviews/models.py", "Is `ordering` in Product's Meta, by `-created`?")
def test_the_newest_product_comes_first():
    """Products come newest first."""
    old, new = make_product("Old"), make_product("New")
    products = model("Product").objects
    products.filter(pk=old.pk).update(created="2025-01-01T00:00:00Z")
    products.filter(pk=new.pk).update(created="2025-01-02T00:00:00Z")
    names = [product.name for product in products.all()]
    assert names == ["New", "Old"], f"the newest should come first, got {', '.join(names)}"


@pytest.mark.mend("reviews/models.py", "Is `price` a DecimalField with `decimal_places=2`?")
def test_a_price_is_exact():
    """A price is a decimal number with two places, up to 9,999,999.99 and exact."""
    offer = make_offer(make_product(), price=Decimal("9999999.99"))
    offer.full_clean()
    offer.refresh_from_db()
    assert offer.price == Decimal("9999999.99"), f"9999999.99 came back as {offer.price}"
    offer.price = Decimal("9.999")
    with pytest.raises(ValidationError):
        offer.full_clean()
        pytest.fail("a price of 9.999 should be refused: it has three decimal places")


@pytest.mark.mend("reviews/models.py", "Is `MinValueValidator(0)` among the price's validators?")
def test_a_price_is_not_negative():
    """A price below zero is refused."""
    offer = make_offer(make_product(), price=Decimal("-0.01"))
    with pytest.raises(ValidationError):
        offer.full_clean()
        pytest.fail("a price of -0.01 should be refused, and is not")


@pytest.mark.parametrize("name", ["Product", "ProductSite", "Comment"])
@pytest.mark.mend("reviews/models.py", "`created` has `auto_now_add`, `updated` has `auto_now`.")
def test_times_keep_themselves(name, time_machine):
    """`created` is set once, `updated` at every save, both without our doing."""
    time_machine.move_to("2025-01-01T12:00:00Z", tick=False)
    product = make_product(offers=1, comments=1)
    thing = {"Product": product, "ProductSite": product.sites.get()}.get(
        name, product.comments.get()
    )
    time_machine.move_to("2025-01-02T12:00:00Z", tick=False)
    thing.save()
    thing.refresh_from_db()
    assert thing.created.day == 1, f"{name}.created moved when the object was saved again"
    assert thing.updated.day == 2, f"{name}.updated should move when the object is saved again"


@pytest.mark.mend("reviews/models.py", "Is `on_delete=models.CASCADE` on what points to Product?")
def test_offers_and_comments_go_with_their_product():
    """Deleting a product deletes its offers and comments, and leaves its categories."""
    make_product(offers=2, comments=2, categories=1).delete()
    left = {name: model(name).objects.count() for name in ["ProductSite", "Comment", "Category"]}
    assert left == {"ProductSite": 0, "Comment": 0, "Category": 1}, f"there are still {left}"


@pytest.mark.mend("reviews/models.py", "Does each model have a `__str__` that returns its name?")
def test_objects_say_who_they_are():
    """An object shows its name, a comment its title, wherever Django prints it."""
    product = make_product("Kite", offers=1, categories=1)
    offer = product.sites.get()
    things = [product, product.category.get(), offer, offer.company, offer.productsize]
    for thing in things:
        assert str(thing) == thing.name, f"str() of a {type(thing).__name__} gives {thing}"
    assert str(make_comment(product, "Flies well")) == "Flies well"


@pytest.mark.mend("reviews/migrations/", "Run `python manage.py makemigrations`.")
def test_the_migrations_are_complete(capsys):
    """`makemigrations --check` finds nothing left to write."""
    try:
        call_command("makemigrations", check=True, dry_run=True)
    except SystemExit:
        pytest.fail("the models have changed since the last migration")


@pytest.mark.mend("reviews/migrations/__init__.py", "Is there such a file in each app?")
def test_each_app_has_its_migrations(project):
    """Each app with models has a package of migrations, or Django would see none of them."""
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if folder.is_relative_to(project) and any(True for _ in config.get_models()):
            package = folder.relative_to(project) / "migrations" / "__init__.py"
            assert (project / package).is_file(), (
                f"{package.as_posix()} should be there, and is not"
            )


@pytest.mark.mend("medium/settings.py", "Run `python manage.py check`, and read what it names.")
def test_the_checks_are_silent(capsys):
    """`manage.py check` has nothing to say."""
    call_command("check", fail_level="WARNING")
    assert "no issues" in capsys.readouterr().out


# What a process of its own begins with: it writes nothing outside of the run's folders either.
FENCED = """
import json, os
if "TUTORIAL_FENCE" in os.environ:
    from tutorial.running import fence
    fence.put_up(json.loads(os.environ["TUTORIAL_FENCE"]), os.environ["TUTORIAL_STATE"])
if "TUTORIAL_CONFIGURATION" in os.environ:  # settings in a class, of django-configurations
    os.environ["DJANGO_CONFIGURATION"] = os.environ["TUTORIAL_CONFIGURATION"]
    from configurations import importer
    importer.install()
"""
# Settings read the environment once, at the start.
PRODUCTION = """
import io, django
from django.conf import settings
from django.core.management import call_command
django.setup()
call_command("check", deploy=True, fail_level="ERROR", stdout=io.StringIO(), stderr=io.StringIO())
print(json.dumps([settings.SECRET_KEY, settings.DEBUG, settings.ALLOWED_HOSTS]))
"""

# Both keys that tokens may be signed with.
KEYS = """
from django.conf import settings
own = dict(getattr(settings, "SIMPLE_JWT", {})).get("SIGNING_KEY")
print(json.dumps([settings.SECRET_KEY, own]))
"""


def in_another_process(project, code, **variables):
    """Run Python code as the project's own, with the project's own settings."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ["TUTORIAL_SETTINGS"],
        "PYTHONPATH": str(SOURCES),
        **variables,
    }
    # The path of this process, set when the other one has started: Python would take up a
    # sitecustomize.py of the project's from PYTHONPATH.
    code = f"import sys; sys.path[:] = {sys.path!r}\n{code}"
    command = [sys.executable, "-c", code]
    options = {"env": environment, "cwd": project, "encoding": "utf-8", "check": False}
    return subprocess.run(command, capture_output=True, **options)


def last_line(text):
    return (text.strip().splitlines() or ["nothing was said"])[-1]


@pytest.fixture(scope="module")
def in_production(project):
    """Secret key, debug mode and hosts of the project, as set in the environment."""
    result = in_another_process(
        project,
        FENCED + PRODUCTION,
        DJANGO_SECRET_KEY="a-key-from-the-environment-of-more-than-fifty-characters",
        DJANGO_DEBUG="0",
        DJANGO_ALLOWED_HOSTS="reviews.example,www.reviews.example",
    )
    assert result.returncode == 0, (
        f"`check --deploy` failed with the three variables set: {last_line(result.stderr)}"
    )
    return json.loads(last_line(result.stdout))


@pytest.mark.mend("medium/settings.py", "Is it read from `os.environ`?")
def test_settings_come_from_the_environment(in_production):
    """DJANGO_SECRET_KEY, DJANGO_DEBUG and DJANGO_ALLOWED_HOSTS configure a deployment."""
    key, debug, hosts = in_production
    assert key.startswith("a-key-from-the-env"), "SECRET_KEY should come from DJANGO_SECRET_KEY"
    assert debug is False, "DEBUG should be off with DJANGO_DEBUG=0"
    assert hosts == ["reviews.example", "www.reviews.example"], (
        f"ALLOWED_HOSTS should come from DJANGO_ALLOWED_HOSTS, got {hosts}"
    )


@pytest.mark.mend("medium/settings.py", "Is SECRET_KEY, or SIGNING_KEY, generated at every start?")
def test_the_signing_key_is_the_same_after_a_restart(project):
    """The key is read or written down, never made: else a restart ends every session."""
    result = in_another_process(project, FENCED + KEYS)
    assert result.returncode == 0, f"the settings failed to load: {last_line(result.stderr)}"
    key, signing_key = json.loads(last_line(result.stdout))
    ours = getattr(settings, "SIMPLE_JWT", {}).get("SIGNING_KEY")
    assert key == settings.SECRET_KEY, "SECRET_KEY should be the same in each process, and is not"
    assert signing_key == ours, "SIGNING_KEY should be the same in each process, and is not"


@pytest.mark.mend("medium/urls.py", "Is `admin.site.urls` at `admin/`?")
def test_the_admin_lets_staff_in(client, django_user_model):
    """GET /admin/ asks for a login; a superuser gets in, by name and password."""
    django_user_model.objects.create_superuser("root", "root@example.com", "tall order")
    expect(client.get("/admin/"), 302)
    expect(client.get("/admin/login/"), 200)
    answer = client.post("/admin/login/?next=/admin/", {"username": "root", "password": "no"})
    expect(answer, 200)
    answer = client.post(
        "/admin/login/?next=/admin/", {"username": "root", "password": "tall order"}
    )
    expect(answer, 302)
    expect(client.get("/admin/"), 200)
