"""Part 4: expandable and sparse fields, filters, search and ordering."""

from itertools import chain, combinations

import pytest

from tutorial.checking.promises import (
    PART,
    count_queries,
    expect,
    make_product,
    model,
    queries,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend(
        "reviews/serializers.py", "Is it in `expandable_fields`, and in `permit_list_expands`?"
    ),
]

PATHS = [
    "category",
    "sites",
    "sites.company",
    "sites.productsize",
    "comments",
    "comments.user",
]
EVERYTHING = ",".join(PATHS)


def only(client, query):
    """The one product that the list holds, asked for with this query."""
    got = expect(client.get(f"{PART.products}?{query}"), 200)
    assert got["count"] == 1, f"GET /product/?{query} should find 1 product, found {got['count']}"
    return got["results"][0]


def test_everything_is_expanded(client):
    """?expand= nests categories, offers with company and size, comments with their author."""
    make_product(offers=1, comments=1, categories=1)
    got = only(client, f"expand={EVERYTHING}")
    for path, key in [
        ("category", "name"),
        ("sites", "price"),
        ("sites.company", "url"),
        ("sites.productsize", "name"),
        ("comments", "title"),
        ("comments.user", "username"),
    ]:
        nested = got
        for name in path.split("."):
            nested = nested.get(name) if isinstance(nested, dict) else None
            nested = nested[0] if isinstance(nested, list) else nested
        assert isinstance(nested, dict), f"?expand={path} should nest objects, got {nested}"
        assert key in nested, f"?expand={path} should show “{key}”, got {nested}"


def test_one_product_is_expanded(client):
    """?expand= works on GET /product/<pk>/ as on the list."""
    product = make_product(offers=1)
    got = expect(client.get(f"{PART.products}{product.pk}/?expand=sites.company"), 200)
    company = got["sites"][0]["company"]
    assert company["name"] == "Corner Shop", f"the company should be nested, got {company}"


def test_nothing_is_expanded_unasked(client):
    """Offers and comments come only when they are asked for."""
    make_product(offers=1, comments=1, categories=1)
    got = only(client, "")
    assert not {"sites", "comments"} & set(got), f"unasked, only the product itself: {got}"
    assert isinstance(got["category"][0], int), "unasked, categories are keys"


@pytest.mark.mend("reviews/serializers.py", "Which `fields` does UserSerializer show?")
@pytest.mark.parametrize("query", [EVERYTHING, f"{EVERYTHING}&fields=comments.user.password"])
def test_a_user_keeps_private_things(client, query):
    """An author's password, e-mail and names are never shown."""
    make_product(comments=1)
    answer = client.get(f"{PART.products}?expand={query}")
    expect(answer, 200)
    text = answer.content.decode()
    for secret in ["password", "md5$", "@example.com", "Grace", "is_superuser"]:
        assert secret not in text, f"the list should not show “{secret}” of a comment's author"


def test_fields_are_chosen(client):
    """?fields= leaves only those, ?omit= leaves them out, also of nested objects."""
    make_product("Kite", offers=1)
    assert only(client, "fields=name") == {"name": "Kite"}, "?fields=name should leave the name"
    got = only(client, "omit=content,created")
    assert "name" in got and not {"content", "created"} & set(got), f"?omit= left {set(got)}"
    got = only(client, "expand=sites&fields=name,sites.price")
    assert got == {"name": "Kite", "sites": [{"price": "10.00"}]}, f"nested ?fields= gave {got}"


def subsets(paths):
    return chain.from_iterable(combinations(paths, size) for size in range(len(paths) + 1))


@pytest.mark.mend("reviews/views.py", "Does `get_queryset` prefetch what is expanded?")
@pytest.mark.slow
def test_queries_do_not_grow_with_the_rows(client):
    """For every combination of ?expand=, 6 products take as many queries as 2 (no N+1)."""
    addresses = [f"{PART.products}?expand=" + ",".join(paths) for paths in subsets(PATHS)]
    addresses += [
        f"{PART.products}?expand=category&expand=sites.company",
        f"{PART.products}?expand[]=sites.company&expand[]=comments.user",
    ]
    for _ in range(2):
        make_product(offers=1, comments=1, categories=1)
    few = {address: count_queries(client, address) for address in addresses}
    # Of what belongs to a product, more of each, too: but each row costs 66 requests some time.
    for more in (1, 1, 1, 2):
        make_product(offers=more, comments=more, categories=more)
    for address in addresses:
        many = count_queries(client, address)
        assert many == few[address], (
            f"GET {address} took {few[address]} queries for 2 products, {many} for 6"
        )


@pytest.mark.parametrize(
    "query",
    [
        "expand=nonsense",
        "expand=category.products",
        "expand=comments.user.groups",
        "expand=comments.user.comments.user.comments",
        "expand=sites.company.sites.company",
        "expand=*",
        "expand=~all",
        "expand=,,.,",
        "expand=%00",
        "fields=nonsense",
        "fields=%00.%00",
        "omit=nonsense",
        "omit=",
        "ordering=nonsense",
        "ordering=%00",
        "ordering=user__password",
        "search=%00",
        "search=" + "x" * 5000,
        "nonsense=1",
    ],
)
@pytest.mark.mend("medium/settings.py", "Does REST_FLEX_FIELDS limit depth and recursion?")
def test_nonsense_is_refused_or_ignored(client, query):
    """An unknown or too deep name is a clear 400 or is ignored, never 500."""
    make_product(offers=1, comments=1)
    for kind in ["application/json", "text/html"]:
        expect(client.get(f"{PART.products}?{query}", HTTP_ACCEPT=kind), 200, 400)


@pytest.mark.mend("medium/settings.py", "Is MAXIMUM_EXPANSION_DEPTH set in REST_FLEX_FIELDS?")
def test_an_expansion_has_an_end(client):
    """What is nested four deep is refused with 400, on a list and on one product."""
    product = make_product(comments=1)
    for path in [PART.products, f"{PART.products}{product.pk}/"]:
        expect(client.get(f"{path}?expand=comments.user.groups.permissions"), 400)


@pytest.mark.mend("reviews/views.py", "Is DjangoFilterBackend in `filter_backends`?")
def test_a_category_is_chosen(client):
    """?category=<pk> leaves the products of that category."""
    make_product("Kite", categories=1)
    make_product("Pan")
    pk = model("Category").objects.get().pk
    assert only(client, f"category={pk}")["name"] == "Kite"


@pytest.mark.parametrize("value", ["abc", "4711", "-1", "1.5", "9" * 20, "9" * 40, "%00"])
@pytest.mark.mend("reviews/filters.py", "Is `category` a ModelChoiceFilter?")
def test_a_category_that_is_not_there(client, value):
    """A category that is not a number, or does not exist, is refused with 400."""
    make_product(categories=1)
    expect(client.get(f"{PART.products}?category={value}"), 400)


@pytest.mark.mend("reviews/views.py", "Are SearchFilter and `search_fields` there?")
def test_products_are_searched(client):
    """?search= finds words of the name and of the content, whatever the case."""
    make_product("Kite")
    make_product("Pan")
    assert only(client, "search=kIT")["name"] == "Kite"
    assert only(client, "search=about+pan")["name"] == "Pan"


@pytest.mark.hardening
@pytest.mark.mend("reviews/filters.py", "Is a search of any length handed to the database?")
@pytest.mark.parametrize(
    "text",
    ["x" * 50_001, "kite " * 998, "a," * 5000, '"' + "a b " * 5000 + '"', "\N{KITE}" * 20_000],
    ids=["50,001 letters", "998 words", "5,000 words", "a long quotation", "20,000 characters"],
)
def test_a_search_has_a_length(client, text):
    """A search that is too long is 400, or finds nothing, and the database is not asked."""
    make_product("Kite")
    for kind in ["application/json", "text/html"]:
        with queries() as statements:
            answer = client.get(PART.products, {"search": text}, HTTP_ACCEPT=kind)
        got = expect(answer, 200, 400)
        found = (got or {}).get("results")
        assert not found, f"a search this long should find nothing, found {found}"
        asked = [sql for sql in statements if "LIKE" in sql]
        assert not asked, f"the database should not be asked: {asked[0][:100]} …"


@pytest.mark.hardening
@pytest.mark.mend("reviews/filters.py", "How long may a search be?")
def test_a_search_of_some_words_is_answered(client):
    """A search for ten words is not an attack, and works."""
    make_product("Kite")
    assert only(client, "search=" + "+".join(["kite", "about"] * 5))["name"] == "Kite"


@pytest.mark.mend("reviews/views.py", "Are OrderingFilter and `ordering_fields` there?")
def test_products_are_ordered(client):
    """?ordering=name sorts by name, ?ordering=-name the other way round."""
    for name in ["Kite", "Abacus", "Pan"]:
        make_product(name)

    def names(query):
        got = expect(client.get(f"{PART.products}?{query}"), 200)
        return [product["name"] for product in got["results"]]

    assert names("ordering=name") == ["Abacus", "Kite", "Pan"], names("ordering=name")
    assert names("ordering=-name") == ["Pan", "Kite", "Abacus"], names("ordering=-name")
