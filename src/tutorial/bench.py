"""Measures what the README and the chapters promise, and prints it: ``nox -s bench``.

    python -m tutorial.bench            everything
    python -m tutorial.bench writers    one of pages, writers, sessions, cleaning, checks, saves,
                                        playground, commands

Nothing here passes or fails: a number depends on the machine, so it is for reading.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from rich.console import Console
from rich.table import Table

from tutorial import browser
from tutorial.checking.check import working_copy
from tutorial.checking.project import recognise
from tutorial.checking.run import Outcome
from tutorial.checking.run import run as run_promises
from tutorial.ladder import LADDER, ROOT, Part, first, register
from tutorial.loopback import HOST
from tutorial.playground.build import build
from tutorial.project_files import clean_copy
from tutorial.running.environment import project_environment
from tutorial.running.server import PASSWORD, serve

SIZES = (10, 1_000, 100_000)  # products
WRITERS, WRITING = 30, 60  # clients, and for how many seconds
EXPAND = "category,sites.company,sites.productsize,comments.user"

# Runs in a process of its own for each part: fills the database and asks, five times each, for
# the path in the first argument, when there are as many products as each of the others says.
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
client, path = Client(SERVER_NAME="localhost"), sys.argv[1]
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


# Neither the hasher nor the limits are what is measured.
QUICK = {"TUTORIAL_FAST_PASSWORDS": "1", "TUTORIAL_ATTEMPTS": "1000000"}
LOGINS = (10, 1_000_000)  # rows: sessions, or outstanding tokens
CLEANERS = 4  # clients that refresh meanwhile
ROUNDS, OF_EACH = 150, 5  # the two parts take turns, so that a busy machine is busy for both

# Runs in a process of its own for each part: fills the table of logins, and then, with each line
# that it is sent, measures some requests with an access token and some refreshes.
LOGIN = """
import json, sys, time, django
django.setup()
from datetime import timedelta
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

login, refresh, protected, logins, old = sys.argv[1:]
call_command("migrate", verbosity=0)
users = get_user_model().objects
users.create_user("demo", "demo@example.com", "for-demonstration-only")
other = users.create_user("grace")
now = timezone.now()
then = now - timedelta(days=30) if old == "old" else now

# By SQLite alone: a million rows take half a minute, and not half an hour.
name = "lower(hex(randomblob(16)))"
if apps.is_installed("rest_framework_simplejwt.token_blacklist"):
    model = apps.get_model("token_blacklist", "OutstandingToken")
    row = {"jti": name, "token": "hex(randomblob(160))", "created_at": "%(then)s",
           "expires_at": "%(end)s"}
else:
    model = apps.get_model("accounts", "Session")
    row = {"id": name, "current_jti": name, "previous_jti": "''", "reason": "''",
           "created": "%(then)s", "last_used": "%(then)s", "client": "'Firefox'"}
row["user_id"] = str(other.pk)
with connection.cursor() as cursor:
    cursor.execute("PRAGMA cache_size = -400000")
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(row)}) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %(number)s) "
        f"SELECT {', '.join(row.values())} FROM n",
        {"number": int(logins), "then": str(then.replace(tzinfo=None)),
         "end": str((then + timedelta(days=15)).replace(tzinfo=None))},
    )
    cursor.execute("PRAGMA cache_size = -2000")
if old == "old":
    print("filled", flush=True)
    sys.exit()
apps.get_model("reviews", "Image").objects.bulk_create(
    apps.get_model("reviews", "Image")(name="Kite", image="images/kite.png", width=9, height=9)
    for _ in range(10)
)
client = Client(SERVER_NAME="localhost")
data = {"username": "demo", "password": "for-demonstration-only"}
pair = client.post(login, data).json()

def ask():
    header = {"Authorization": "Bearer " + pair["access"]}
    assert client.get(protected, headers=header).status_code == 200

def renew():
    global pair
    pair = client.post(refresh, {"refresh": pair["refresh"]}).json()

def timed(act):
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000

found = []
for act in (ask, renew):
    act()
    with CaptureQueriesContext(connection) as queries:
        act()
    found.append(len(queries))
print(json.dumps(found), flush=True)
for line in sys.stdin:
    print(json.dumps([[timed(act) for _ in range(int(line))] for act in (ask, renew)]), flush=True)
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
    measures = (pages, writers, sessions, cleaning, checks, saves, playground, commands)
    for measure in measures:
        if measure.__name__ in (sys.argv[1:] or [measure.__name__]):
            measure(console)


def pages(console: Console) -> None:
    """Print time and queries of a page of products as the number of products grows."""
    table = Table("part", "products", "time of a page", "queries", title=f"?expand={EXPAND}")
    for part in (first("expands"), first("has_tokens")):
        with tempfile.TemporaryDirectory() as state:
            sizes = [str(size) for size in SIZES]
            run = subprocess.run(
                [sys.executable, "-c", ASK, f"{part.products}?expand={EXPAND}", *sizes],
                cwd=part.path,
                env=project_environment(part.path, Path(state)),
                stdout=subprocess.PIPE,
                encoding="utf-8",
                check=True,
            )
        for products, time_of_page, queries in map(json.loads, run.stdout.splitlines()):
            table.add_row(str(part), f"{products:,}", f"{time_of_page:.1f} ms", str(queries))
    console.print(table)


def writers(console: Console) -> None:
    """Print how clients that register all at once fare, without the options of SQLite and with."""
    table = Table(
        "options of SQLite",
        "registered",
        "database is locked",
        "half of them within",
        "the slowest",
        title=f"{WRITERS} clients register for {WRITING} seconds",
    )
    for name, without in (("none", "transaction_mode,timeout,init_command"), ("part 8's", "")):
        statuses, taken = register_together(without)
        half, slowest = statistics.median(taken), max(taken)
        refused = sum(statuses.values()) - statuses[201]
        table.add_row(
            *(name, f"{statuses[201]:,}", str(refused), f"{half * 1000:.0f} ms", f"{slowest:.1f} s")
        )
    console.print(table)


def register_together(without: str) -> tuple[Counter[int], list[float]]:
    """Return the statuses of all registrations, and the seconds that each took."""
    statuses: Counter[int] = Counter()
    taken: list[float] = []
    with serve(register.path, environment=QUICK | {"TUTORIAL_WITHOUT": without}) as server:
        end = time.monotonic() + WRITING

        def work(writer: int) -> None:
            session = requests.Session()
            number = 0
            while time.monotonic() < end:
                number += 1
                name = f"client-{writer}-{number}"
                data = {"username": name, "email": f"{name}@example.com"}
                data |= {"password": "nine-moths-in-a-relay", "password2": "nine-moths-in-a-relay"}
                start = time.monotonic()
                url = f"{server.url}/auth/register/"
                statuses[session.post(url, json=data, timeout=WRITING).status_code] += 1
                taken.append(time.monotonic() - start)

        threads = [threading.Thread(target=work, args=[writer]) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed := server.log().count("Traceback"):
            locked = server.log().count("OperationalError: database is locked")
            assert locked >= failed, server.log()[-3000:]  # noqa: S101  (nothing else went wrong)
    return statuses, taken


def sessions(console: Console) -> None:
    """Print what a request and a refresh cost: with the blacklist, and with sessions."""
    table = Table(
        *("part", "logins in the table", "a request", "queries", "a refresh", "queries"),
        title="An access token used, and a refresh token exchanged: the median",
    )
    parts = first("has_blacklist"), first("has_sessions")
    for logins in LOGINS:
        with ExitStack() as stack:
            processes = [filled(stack, part, logins) for part in parts]
            queries = [json.loads(answer_of(process)) for process in processes]
            times: list[list[list[float]]] = [[[], []] for _ in parts]
            for _ in range(ROUNDS):
                for process, taken in zip(processes, times, strict=True):
                    for all_of_them, new in zip(
                        taken, json.loads(answer_of(process, str(OF_EACH))), strict=True
                    ):
                        all_of_them += new
            for part, (request, refresh), (used, renewed) in zip(
                parts, queries, times, strict=True
            ):
                table.add_row(
                    *(str(part), f"{logins:,}"),
                    *(f"{statistics.median(used):.2f} ms", str(request)),
                    *(f"{statistics.median(renewed):.2f} ms", str(refresh)),
                )
    console.print(table)


def filled(
    stack: ExitStack, part: Part, logins: int, *, age: str = "new", state: str = ""
) -> subprocess.Popen[str]:
    """Start a process that fills the part's table of logins, and then measures."""
    folder = Path(state or stack.enter_context(tempfile.TemporaryDirectory()))
    process = subprocess.Popen(
        [sys.executable, "-c", LOGIN, part.login, part.refresh, part.protected, str(logins), age],
        cwd=part.path,
        env=project_environment(part.path, folder) | QUICK,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    if hasattr(os, "sched_setaffinity"):  # on one processor, because no two are equally fast
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
    return process


def answer_of(process: subprocess.Popen[str], line: str = "") -> str:
    """Send a line, if there is one, and return the next line that comes back."""
    if line and process.stdin:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    return process.stdout.readline() if process.stdout else ""


def cleaning(console: Console) -> None:
    """Print how clients that refresh fare while old rows are removed."""
    table = Table(
        *("part", "command", "seconds", "refreshes", "not 200", "median", "slowest"),
        title=f"{CLEANERS} clients refresh while {LOGINS[-1]:,} old rows are removed",
    )
    for part, command in (
        (first("has_blacklist"), "flushexpiredtokens"),
        (first("has_sessions"), "remove_old_sessions"),
    ):
        with ExitStack() as stack:
            state = stack.enter_context(tempfile.TemporaryDirectory())
            answer_of(filled(stack, part, LOGINS[-1], age="old", state=state))
            row = refreshed_while(part, command, Path(state))
        table.add_row(str(part), command, *row)
    console.print(table)


def refreshed_while(part: Part, command: str, state: Path) -> list[str]:
    """Let clients refresh as long as the command runs; return its time and what came of them."""
    statuses: Counter[int] = Counter()
    taken: list[float] = []
    over = threading.Event()
    with serve(part.path, keep=state, environment=QUICK) as server:

        def work() -> None:
            session = requests.Session()

            def post(path: str, **data: str) -> requests.Response:
                return session.post(server.url + path, json=data, timeout=120)

            pair = post(part.login, username="demo", password=PASSWORD).json()
            while not over.is_set():
                start = time.monotonic()
                response = post(part.refresh, refresh=pair["refresh"])
                taken.append(time.monotonic() - start)
                statuses[response.status_code] += 1
                if response.status_code == 200:
                    pair = response.json()

        threads = [threading.Thread(target=work) for _ in range(CLEANERS)]
        for thread in threads:
            thread.start()
        start = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "django", command],
            cwd=part.path,
            env=project_environment(part.path, state),
            stdout=subprocess.DEVNULL,
            check=False,  # it may give up
        )
        took = time.monotonic() - start
        over.set()
        for thread in threads:
            thread.join()
    return [
        *(f"{took:.1f}", f"{len(taken):,}", str(len(taken) - statuses[200])),
        *(f"{statistics.median(taken) * 1000:.0f} ms", f"{max(taken):.1f} s"),
    ]


def checks(console: Console) -> None:
    """Print how long it takes to check a project: to the first promise, and to the last ones."""
    table = Table("part", "first", "the chapters'", "aim", "all", title="tutorial check, warm")
    for part, aim in ((first("has_tokens"), "4 s"), (first("has_blacklist"), "6 s")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            clean_copy(part.path, folder)
            timed_check(part, folder)
            table.add_row(str(part), *timed_check(part, folder, aim))
    console.print(table)


def timed_check(part: Part, folder: Path, aim: str = "") -> tuple[str, str, str, str]:
    """Check a project; return the seconds to the first, the chapters' and all promises."""
    start = time.monotonic()
    times: list[tuple[float, str]] = []
    project = recognise(folder)
    with working_copy(project.path) as copy:

        def seen(outcome: Outcome) -> None:
            if len(outcome.results) == len(times) + 1:
                times.append((time.monotonic() - start, outcome.results[-1]["id"]))

        outcome = run_promises(part, project, copy, [], seen=seen)
    hardening = {one["id"] for one in outcome.promises if one["hardening"]}
    chapters = [taken for taken, promise in times if promise not in hardening]
    return f"{times[0][0]:.1f} s", f"{max(chapters):.1f} s", aim, f"{times[-1][0]:.1f} s"


def saves(console: Console) -> None:
    """Print how long after a save ``tutorial check --watch`` says what has become of a mistake."""
    table = Table(
        "part", "still there", "fixed", "aim", title="tutorial check --watch, after a save"
    )
    for part in (first("has_tokens"), first("has_blacklist")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            clean_copy(part.path, folder)
            file = folder / "medium" / "settings.py"
            right = file.read_text(encoding="utf-8")
            wrong = right.replace('"ROTATE_REFRESH_TOKENS": True', '"ROTATE_REFRESH_TOKENS": False')
            file.write_text(wrong, encoding="utf-8")
            command = [sys.executable, "-u", "-m", "tutorial", "check", str(part.number), "--watch"]
            process = subprocess.Popen(
                [*command, str(folder)], stdout=subprocess.PIPE, encoding="utf-8"
            )
            try:
                until(process, "Waiting")
                taken = [f"{saved(process, file, wrong + '# again', '✗'):.1f} s"]
                until(process, "Waiting")
                taken += [f"{saved(process, file, right, '✓'):.1f} s"]
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate()
            table.add_row(str(part), *taken, "2 s")
    console.print(table)


def saved(process: subprocess.Popen[str], file: Path, text: str, mark: str) -> float:
    """Save a file; return the seconds until a line with the mark is printed."""
    file.write_text(text, encoding="utf-8")
    start = time.monotonic()
    until(process, mark)
    return time.monotonic() - start


def until(process: subprocess.Popen[str], mark: str) -> None:
    """Read what a process prints up to a line that holds the mark."""
    while mark not in answer_of(process) and process.poll() is None:
        pass


class Quiet(SimpleHTTPRequestHandler):
    """What ``python -m http.server`` does, without its log."""

    def log_message(self, *args: object) -> None:
        pass


def playground(console: Console) -> None:
    """Print how long a reader waits for the server in the page, and to see a token expire."""
    from playwright.sync_api import sync_playwright

    lab = f"lab/?part={first('has_tokens').number}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "site"
        handler = functools.partial(Quiet, directory=build(folder).path)
        server = stack.enter_context(ThreadingHTTPServer((HOST, 0), handler))
        threading.Thread(target=server.serve_forever, args=[0.1], daemon=True).start()
        stack.callback(server.shutdown)
        chromium = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=browser.chromium(), args=browser.OPTIONS
        )
        taken: dict[str, list[float]] = {
            "ready, cold": [],
            "ready, warm": [],
            "a token expired": [],
        }
        ready = "document.body?.dataset.ready"
        for _ in range(5):
            page = chromium.new_context().new_page()  # its cache is empty
            for what, url, shown in (
                ("ready, cold", lab, ready),
                ("ready, warm", lab, ready),
                (
                    "a token expired",
                    f"{lab}#expire",
                    "document.body?.innerText.includes('Token is expired')",
                ),
            ):
                page.goto("about:blank")
                start = time.monotonic()
                page.goto(f"http://{HOST}:{server.server_port}/{url}", wait_until="commit")
                page.wait_for_function(shown)
                taken[what].append(time.monotonic() - start)
            page.context.close()
        chromium.close()
    table = Table(
        "the lab in the page", "seconds", "aim", title="From opening the page, the median"
    )
    for (what, times), aim in zip(taken.items(), ("4", "2", "10"), strict=True):
        table.add_row(what, f"{statistics.median(times):.1f}", aim)
    console.print(table)


def commands(console: Console) -> None:
    """Print how long the README's commands take, in a fresh clone of what is committed."""
    table = Table("command", "seconds", "aim", title="A fresh clone, the package cache filled")
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        demo, test = "scripts/demo.py", "scripts/test.py"
        for command, times, aim in [
            ([demo], 1, "120 from clone to expiry"),
            ([demo], 3, "5 when warm"),
            ([test], 1, "240"),
            ([test, "-s", f"checkpoint({LADDER[-1].slug})"], 1, "5 for one more part"),
        ]:
            taken = seconds(sys.executable, *command, cwd=clone, times=times)
            table.add_row(" ".join(command), f"{taken:.1f}", aim)
            console.print(f"{' '.join(command)}: {taken:.1f} s", style="dim")
    console.print(table)


if __name__ == "__main__":
    main()
