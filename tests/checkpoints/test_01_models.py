"""Part 1: the project, its models and migrations."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from tutorial.checking.promises import expect, make_comment, make_offer, make_product, model

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


@pytest.mark.mend("medium/settings.py", "Run `python manage.py check`, and read what it names.")
def test_the_checks_are_silent(capsys):
    """`manage.py check` has nothing to say."""
    call_command("check", fail_level="WARNING")
    assert "no issues" in capsys.readouterr().out


# A process of its own: settings read the environment once, at the start.
PRODUCTION = """
import io, json, django
from django.conf import settings
from django.core.management import call_command
django.setup()
call_command("check", deploy=True, fail_level="ERROR", stdout=io.StringIO(), stderr=io.StringIO())
print(json.dumps([settings.SECRET_KEY, settings.DEBUG, settings.ALLOWED_HOSTS]))
"""


@pytest.fixture(scope="module")
def in_production(project, pytestconfig):
    """Secret key, debug mode and hosts of the project, as set in the environment."""
    import os

    result = subprocess.run(
        [sys.executable, "-c", PRODUCTION],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": pytestconfig.option.settings_module,
            "DJANGO_SECRET_KEY": "a-key-from-the-environment-of-more-than-fifty-characters",
            "DJANGO_DEBUG": "0",
            "DJANGO_ALLOWED_HOSTS": "reviews.example,www.reviews.example",
        },
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, f"`check --deploy` failed: {result.stderr.strip()[-300:]}"
    return json.loads(result.stdout)


@pytest.mark.mend("medium/settings.py", "Is it read from `os.environ`?")
def test_settings_come_from_the_environment(in_production):
    """DJANGO_SECRET_KEY, DJANGO_DEBUG and DJANGO_ALLOWED_HOSTS configure a deployment."""
    key, debug, hosts = in_production
    assert key.startswith("a-key-from-the-env"), "SECRET_KEY should come from DJANGO_SECRET_KEY"
    assert debug is False, "DEBUG should be off with DJANGO_DEBUG=0"
    assert hosts == ["reviews.example", "www.reviews.example"], (
        f"ALLOWED_HOSTS should come from DJANGO_ALLOWED_HOSTS, got {hosts}"
    )


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
