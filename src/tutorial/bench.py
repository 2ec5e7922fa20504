"""Measures what the README promises, and prints it: ``nox -s bench``.

Nothing here passes or fails: a number depends on the machine, so it is for reading.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tutorial.ladder import LADDER, ROOT, find
from tutorial.running.server import project_environment

SIZES = (10, 1_000, 100_000)  # products
EXPAND = "category,sites.company,sites.productsize,comments.user"

# Runs in a process of its own for each part: fills the database and asks, five times each.
ASK = """
import json, sys, time, django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from reviews.models import Category, Comment, Company, Product, ProductSite, ProductSize

call_command("migrate", verbosity=0)
user = get_user_model().objects.create(username="ada")
category = Category.objects.create(name="Toys")
company = Company.objects.create(name="Shop", url="https://shop.example/")
size = ProductSize.objects.create(name="Small")
client, path = Client(SERVER_NAME="localhost"), "/product/?expand=" + sys.argv[1]
for wanted in map(int, sys.argv[2:]):
    missing = wanted - Product.objects.count()
    products = Product.objects.bulk_create(
        [Product(name=f"Product {i}", content="text") for i in range(missing)], batch_size=5000
    )
    through = Product.category.through
    through.objects.bulk_create(
        [through(product=p, category=category) for p in products], batch_size=5000
    )
    offer = dict(name="Offer", company=company, productsize=size, price=1, url=company.url)
    ProductSite.objects.bulk_create(
        [ProductSite(product=p, **offer) for p in products for _ in range(2)], batch_size=5000
    )
    Comment.objects.bulk_create(
        [Comment(title="t", content="c", product=p, user=user) for p in products for _ in range(2)],
        batch_size=5000,
    )
    client.get(path)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps([wanted, sorted(times)[2], len(queries)]), flush=True)
"""


def seconds(*command: str, cwd: Path = ROOT, times: int = 1) -> float:
    """Return the median wall time of a command in seconds. Raises CalledProcessError."""
    taken = []
    for _ in range(times):
        start = time.monotonic()
        subprocess.run([*command], cwd=cwd, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.monotonic() - start)
    return statistics.median(taken)


def main() -> None:
    console = Console()
    console.print(f"Python {sys.version.split()[0]} on {sys.platform}\n")
    pages(console)
    commands(console)


def pages(console: Console) -> None:
    """Print time and queries of a page of products as the number of products grows."""
    table = Table(
        "part", "products", "time of a page", "queries", title=f"GET /product/?expand={EXPAND}"
    )
    for part in (find(4), find(7)):
        with tempfile.TemporaryDirectory() as state:
            sizes = [str(size) for size in SIZES]
            run = subprocess.run(
                [sys.executable, "-c", ASK, EXPAND, *sizes],
                cwd=part.path,
                env=project_environment(part.path, Path(state)),
                stdout=subprocess.PIPE,
                encoding="utf-8",
                check=True,
            )
        for products, time_of_page, queries in map(json.loads, run.stdout.splitlines()):
            row = (str(part.number), f"{products:,}", f"{time_of_page:.1f} ms", str(queries))
            table.add_row(*row)
    console.print(table)


def commands(console: Console) -> None:
    """Print how long the README's commands take, in a fresh clone of what is committed."""
    table = Table("command", "seconds", "aim", title="A fresh clone, the package cache filled")
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        last = LADDER[-1].slug
        demo, test = ((sys.executable, f"scripts/{script}.py") for script in ("demo", "test"))
        for command, aim, options in [
            ((*demo,), "120 from clone to expiry", {}),
            ((*demo,), "5 when warm", {"times": 3}),
            ((*test,), "240", {}),
            ((*test, "-s", f"checkpoint({last})"), "5 for one more part", {}),
        ]:
            taken = seconds(*command, cwd=clone, **options)
            table.add_row(" ".join(command[1:]), f"{taken:.1f}", aim)
            console.print(f"{' '.join(command[1:])}: {taken:.1f} s", style="dim")
    console.print(table)


if __name__ == "__main__":
    main()
