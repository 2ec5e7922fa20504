"""Part 3: a read-only API, paginated from the start."""

import pytest

from tutorial.checking.promises import count_queries, expect, make_product

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend(
        "medium/urls.py", 'Is the router included, with ProductViewSet registered at "product"?'
    ),
]


@pytest.mark.mend("reviews/serializers.py", "Are they in the `fields` of ProductSerializer?")
def test_a_product_is_read(client):
    """GET /product/<pk>/ shows the product and the keys of its categories."""
    product = make_product("Kite", categories=2)
    got = expect(client.get(f"/product/{product.pk}/"), 200)
    assert got.get("pk") == product.pk, f"“pk” should be {product.pk}, got {got.get('pk')}"
    assert got.get("name") == "Kite", f"“name” should be Kite, got {got.get('name')}"
    assert got.get("content") == "About Kite.", f"“content” is missing or wrong in {got}"
    assert {"created", "updated"} <= set(got), f"“created” and “updated” should be in {got}"
    keys = {category.pk for category in product.category.all()}
    assert set(got.get("category", [])) == keys, f"“category” should hold the keys {keys}: {got}"


@pytest.mark.mend("reviews/models.py", "Is `ordering` in Product's Meta?")
def test_a_list_is_newest_first(client):
    """GET /product/ lists the newest first."""
    make_product("First")
    make_product("Second")
    got = expect(client.get("/product/"), 200)
    names = [product["name"] for product in got["results"]]
    assert names == ["Second", "First"], f"the newest should come first, got {names}"


@pytest.mark.mend("medium/settings.py", "Are DEFAULT_PAGINATION_CLASS and PAGE_SIZE set?")
def test_a_list_has_pages(client):
    """25 products come in pages of 10, 10 and 5, each product once, with links between them."""
    made = {make_product(f"Product {i}").pk for i in range(25)}
    page, seen, sizes = "/product/", [], []
    while page:
        got = expect(client.get(page), 200)
        assert isinstance(got, dict) and "results" in got, "GET /product/ should come in pages"
        assert got["count"] == 25, f"“count” should be 25, got {got['count']}"
        sizes.append(len(got["results"]))
        seen += [product["pk"] for product in got["results"]]
        page = got["next"]
    assert sizes == [10, 10, 5], f"pages should have 10, 10 and 5 products, got {sizes}"
    assert sorted(seen) == sorted(made), "every product should be on one page, and on one only"


def test_an_empty_list_is_a_list(client):
    """Without any products, GET /product/ is an empty page, no error."""
    got = expect(client.get("/product/"), 200)
    assert (got["count"], got["results"]) == (0, []), f"an empty page should be empty: {got}"


@pytest.mark.mend("medium/settings.py", "Is PageNumberPagination the DEFAULT_PAGINATION_CLASS?")
@pytest.mark.parametrize("page", ["0", "-1", "2", "abc", "9" * 40, "%00", "1.5"])
def test_a_page_that_is_not_there(client, page):
    """A page that does not exist is 404."""
    make_product()
    expect(client.get(f"/product/?page={page}"), 404)


@pytest.mark.parametrize("pk", ["4711", "abc", "0", "-1", "9" * 40, "%00"])
def test_a_product_that_is_not_there(client, pk):
    """A product that does not exist is 404, whatever its URL."""
    expect(client.get(f"/product/{pk}/"), 404)


@pytest.mark.mend("reviews/views.py", "Is ProductViewSet a ReadOnlyModelViewSet?")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_products_are_read_only(client, method):
    """Nobody changes a product through the API."""
    product = make_product()
    path = "/product/" if method == "post" else f"/product/{product.pk}/"
    data = {"name": "Mine", "content": "now", "category": []}
    answer = getattr(client, method)(path, data, content_type="application/json")
    expect(answer, 405)


@pytest.mark.mend("reviews/views.py", 'Is `prefetch_related("category")` on the queryset?')
def test_a_list_takes_as_many_queries_for_ten_as_for_two(client):
    """The number of queries does not grow with the number of products (no N+1)."""
    for _ in range(2):
        make_product(categories=2)
    few = count_queries(client, "/product/")
    for _ in range(8):
        make_product(categories=2)
    many = count_queries(client, "/product/")
    assert many == few, f"GET /product/ took {few} queries for 2 products, {many} for 10"


def test_a_browser_gets_a_page(client):
    """A browser sees the browsable API, a client that asks for JSON gets JSON."""
    make_product("Kite")
    answer = client.get("/product/", HTTP_ACCEPT="text/html")
    expect(answer, 200)
    assert "text/html" in answer["Content-Type"], f"should be HTML, got {answer['Content-Type']}"
    assert "Kite" in answer.content.decode(), "the page should show the products"
    answer = client.get("/product/", HTTP_ACCEPT="application/json")
    assert answer["Content-Type"] == "application/json", "should be JSON"
