"""What the checkpoint tests share: responses checked in words, and data to ask for.

``PART`` is the part whose promises are checked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import post_init
from django.test import Client as DjangoClient
from django.test.utils import CaptureQueriesContext

from tutorial.checking.observe import authorization
from tutorial.ladder import find

PART = find(os.environ["TUTORIAL_PART"])
# The responses of the promise that runs, for whoever explains why it fails.
EXCHANGES: list[Any] = []


class Client(DjangoClient):
    """Django's test client; an exception in a view is a response 500, as for a real client."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(raise_request_exception=False, **defaults)

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        EXCHANGES.append(response)
        return response


def remember_requests(get: Callable[..., Any]) -> Callable[..., Any]:
    """Let the requests to a running server be remembered as those of the test client are."""

    def send(*args: Any, **kwargs: Any) -> Any:
        response = get(*args, **kwargs)
        EXCHANGES.append(response)
        return response

    return send


def expect(response: Any, *statuses: int) -> Any:
    """Return the response's JSON (or None) when its status is one of these; else fail in words.

    The response is one of Django's test client, or of ``requests``.
    """
    __tracebackhide__ = True
    got = response.status_code
    if got not in statuses:
        should = " or ".join(map(str, statuses))
        how = asked(response) + (missing_token(response) if 401 in statuses else "")
        fail(f"{how} should be {should}, got {got}{why(response)}", response)
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        return response.json()
    except ValueError:
        fail(f"{answered(response)}, which is not JSON", response)


def fail(said: str, response: Any) -> NoReturn:
    """Fail in words, and remember of which response."""
    __tracebackhide__ = True
    error = pytest.fail.Exception(said)
    error.response = response  # type: ignore[attr-defined]
    raise error


def asked(response: Any) -> str:
    """The request in words: ``GET /image/?page=2``."""
    request = response.request
    if not isinstance(request, dict):  # of `requests`, from a real server
        return f"{request.method} {request.path_url}"
    query = f"?{request['QUERY_STRING']}" if request.get("QUERY_STRING") else ""
    text = f"{request['REQUEST_METHOD']} {request['PATH_INFO']}{query}"
    if token := authorization(response):
        text += f" with “Authorization: {token[:20]}…”"
    return text


def answered(response: Any) -> str:
    """The request and its response in words: ``GET /image/ was answered with 200 and […]``."""
    streams = getattr(response, "streaming", False)
    body = "a stream" if streams else response.content[:200].decode(errors="replace").strip()
    return f"{asked(response)} was answered with {response.status_code} and {body or 'nothing'}"


def missing_token(response: Any) -> str:
    return "" if authorization(response) else " without a token"


def why(response: Any) -> str:
    """What raised, when the answer is 500; what was refused, when it is 400."""
    if error := getattr(response, "exc_info", None):
        return f" ({error[0].__name__}: {str(error[1]).partition(chr(10))[0]})"
    if response.status_code == 400:
        return f" ({response.content[:300].decode(errors='replace')})"
    return ""


def model(name: str) -> Any:
    """Return the model ``reviews.<name>``, or fail in words."""
    try:
        return apps.get_model("reviews", name)
    except LookupError:
        pytest.fail(f"reviews/models.py should have a model {name}, and has none")


def make_product(
    name: str = "Moka pot",
    *,
    offers: int = 0,
    comments: int = 0,
    categories: int = 0,
    images: int = 0,
) -> Any:
    """Store a product with so many of everything around it."""
    product = model("Product").objects.create(name=name, content=f"About {name}.")
    for i in range(categories):
        category, _ = model("Category").objects.get_or_create(name=f"Category {i}")
        product.category.add(category)
    for i in range(offers):
        # An offer of another company and size each, so that one query too many shows.
        make_offer(product, price=10 + i)
    for i in range(comments):
        make_comment(product, title=f"Comment {i}")
    for i in range(images):
        product.image.create(name=f"Image {i}", image=f"images/{i}.png", width=960, height=720)
    return product


def make_offer(product: Any, price: str | int = "9.90") -> Any:
    company = model("Company").objects.create(name="Corner Shop", url="https://corner.example/")
    size = model("ProductSize").objects.create(name="Small")
    return model("ProductSite").objects.create(
        name=f"{product.name}, small",
        product=product,
        company=company,
        productsize=size,
        price=price,
        url="https://corner.example/it/",
    )


def make_comment(product: Any, title: str = "Good") -> Any:
    users: Any = get_user_model().objects
    if get_user_model().USERNAME_FIELD != "username":
        pytest.skip("needs a user who logs in by username")
    author = users.create_user(
        f"author{users.count()}", f"author{users.count()}@example.com", first_name="Grace"
    )
    return model("Comment").objects.create(
        title=title, content="It does what it says.", product=product, user=author
    )


@contextmanager
def queries() -> Iterator[list[str]]:
    """Yield a list that holds the SQL statements of the block when the block has ended."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield statements
    statements += [query["sql"] for query in captured]


@contextmanager
def just_before(statement: str | tuple[str, ...], act: Callable[[], Any]) -> Iterator[None]:
    """Call ``act`` once in the block, right before the first SQL that begins with ``statement``.

    So the other request comes first at the one line that matters, each time.
    """
    seen: list[str] = []

    def run(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith(statement) and not seen:
            seen.append(sql)
            act()
        return execute(sql, *arguments)

    with connection.execute_wrapper(run):
        yield
    if not seen:
        pytest.fail(f"the request should have sent a statement “{statement} …”, and sent none")


@contextmanager
def just_after_reading(row: Any, act: Callable[[], Any]) -> Iterator[None]:
    """Call ``act`` once in the block, right after this row has been read for the first time."""
    seen: list[Any] = []

    def receive(instance: Any, **_: Any) -> None:
        if instance.pk == row.pk and not seen:
            seen.append(instance)
            act()

    post_init.connect(receive, sender=type(row))
    try:
        yield
    finally:
        post_init.disconnect(receive, sender=type(row))
    if not seen:
        pytest.fail(f"the request should have read {row!r}, and did not")


def count_queries(client: Any, path: str) -> int:
    """Return how many queries GET ``path`` takes, which must be answered with 200."""
    count = 0

    def counting(execute: Any, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments)

    # Django's own recorder asks the database once more for each: for the words of the statement.
    with connection.execute_wrapper(counting):
        response = client.get(path)
    expect(response, 200)
    return count


def together(*calls: Callable[[], Any]) -> list[int]:
    """Make the calls at the same moment, in a thread each; return their status codes, sorted."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = []

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        answers.append(call())

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answer.status_code for answer in answers)


def just_before_writing(act: Callable[[], Any]) -> AbstractContextManager[None]:
    """Call ``act`` once in the block, between what the request reads and what it writes."""
    return just_before(("BEGIN", "SAVEPOINT", "INSERT", "UPDATE", "DELETE"), act)
