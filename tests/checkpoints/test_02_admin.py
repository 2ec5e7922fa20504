"""Part 2: every model in the admin."""

import pytest

from tutorial.checking.promises import count_queries, expect, make_product, model

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("reviews/admin.py", "Is the model registered, with a ModelAdmin?"),
]

MODELS = ["company", "productsize", "category", "product", "productsite", "comment"]


@pytest.fixture
def admin(admin_client):
    admin_client.raise_request_exception = False
    return admin_client


def rows(response):
    return response.context["cl"].result_count


@pytest.mark.parametrize("name", MODELS)
def test_a_model_can_be_edited(admin, name):
    """Each model has its list, its form for a new object and its form for an old one."""
    make_product(offers=1, comments=1, categories=1)
    thing = model(name).objects.get()
    expect(admin.get(f"/admin/reviews/{name}/"), 200)
    expect(admin.get(f"/admin/reviews/{name}/add/"), 200)
    expect(admin.get(f"/admin/reviews/{name}/{thing.pk}/change/"), 200)


SEARCHES = {
    "company": ("name", "Harbour"),
    "productsize": ("name", "Enormous"),
    "category": ("name", "Kitchen"),
    "product": ("content", "whistles"),
    "productsite": ("name", "six cups"),
    "comment": ("content", "reassuring"),
}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.mend("reviews/admin.py", "Does its ModelAdmin have `search_fields`?")
def test_a_model_is_found(admin, name):
    """The search box of each list finds an object by its words, and no other."""
    field, word = SEARCHES[name]
    for number in range(2):
        make_product(offers=1, comments=1, categories=number + 1)
    thing = model(name).objects.last()
    setattr(thing, field, f"Say {word}!")
    thing.save()
    answer = admin.get(f"/admin/reviews/{name}/", {"q": word.lower()})
    expect(answer, 200)
    found = rows(answer)
    assert found == 1, f"searching the list of {name} for “{word}” should find 1, found {found}"


@pytest.mark.mend("reviews/admin.py", 'Is "product__name" among its `search_fields`?')
@pytest.mark.parametrize("name", ["productsite", "comment"])
def test_what_belongs_to_a_product_is_found_by_its_name(admin, name):
    """Offers and comments are found by the name of their product."""
    make_product("Ukulele", offers=1, comments=1)
    make_product("Kite", offers=1, comments=1)
    model("ProductSite").objects.update(name="An offer")
    found = rows(admin.get(f"/admin/reviews/{name}/?q=ukulele"))
    assert found == 1, f"searching the list of {name} for a product should find 1, found {found}"


@pytest.mark.mend("reviews/admin.py", 'Is "category" in the `list_filter` of ProductAdmin?')
def test_products_are_filtered_by_category(admin):
    """The list of products can be narrowed to a category."""
    make_product("Kite", categories=1)
    make_product("Pan")
    pk = model("Category").objects.get().pk
    answer = admin.get(f"/admin/reviews/product/?category__id__exact={pk}")
    expect(answer, 200)
    assert answer.context["cl"].has_filters, "the list of products should have a filter"
    assert rows(answer) == 1, f"the filter should leave 1 product, left {rows(answer)}"


@pytest.mark.parametrize("name", ["productsite", "comment"])
@pytest.mark.mend("reviews/admin.py", "Does `list_select_related` leave out what the list shows?")
def test_a_list_asks_once(admin, name):
    """A list of the admin takes as many queries for 10 rows as for 2."""
    make_product(offers=2, comments=2)
    few = count_queries(admin, f"/admin/reviews/{name}/")
    make_product(offers=8, comments=8)
    many = count_queries(admin, f"/admin/reviews/{name}/")
    assert many == few, f"the list of {name} took {few} queries for 2 rows, {many} for 10"


def test_an_object_is_created_changed_and_deleted(admin):
    """The forms store what an editor enters."""
    companies = model("Company").objects
    data = {"name": "Harbour Goods", "url": "https://harbour.example/"}
    expect(admin.post("/admin/reviews/company/add/", data), 302)
    pk = companies.get(name="Harbour Goods").pk
    data["name"] = "Harbour Wares"
    expect(admin.post(f"/admin/reviews/company/{pk}/change/", data), 302)
    assert companies.get().name == "Harbour Wares", "the changed name should be stored"
    expect(admin.post(f"/admin/reviews/company/{pk}/delete/", {"post": "yes"}), 302)
    assert not companies.exists(), "the deleted company should be gone"


def test_nobody_else_gets_in(client, user):
    """A member who is not staff is sent to the login page, and sees no list."""
    client.force_login(user)
    answer = client.get("/admin/reviews/product/")
    expect(answer, 302)
    assert "/admin/login/" in answer.url, f"should lead to /admin/login/, leads to {answer.url}"
