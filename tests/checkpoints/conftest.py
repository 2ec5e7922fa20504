"""Runs the promises of a part, and of every part before it, on a project.

    pytest tests/checkpoints                                     the last part
    pytest tests/checkpoints --part 3                            parts/03-rest-api
    pytest tests/checkpoints --part 3 --project ~/my-project     somebody's own

A promise is in one module, ``test_03_rest_api.py`` for part 3, and holds from that part on.
Where a later part takes it back on purpose, ``@pytest.mark.until(7)`` names the first part
where it no longer holds. When it fails, a person reads its docstring, and what is in
``@pytest.mark.mend(file, question)``: the file to open, and what to look for there. A promise
without either is refused.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tutorial import ladder
from tutorial.running import server
from tutorial.running.environment import DATABASE, project_environment

# What `tutorial check` tells the processes that it starts; a server is one of them.
CHECKS = (
    "TUTORIAL_CONFIGURATION",
    "TUTORIAL_FAST_PASSWORDS",
    "TUTORIAL_FENCE",
    "TUTORIAL_LANGUAGE",
    "TUTORIAL_PREFIXES",
    "TUTORIAL_PROJECT",
)
# Of a token in a message, its beginning: whole, it fills a screen.
TOKEN = re.compile(r"\b(eyJ[\w-]{8})[\w.-]+")


def pytest_addoption(parser):
    group = parser.getgroup("tutorial")
    group.addoption(
        "--part",
        default=ladder.LADDER[-1].slug,
        help="number or folder of the part whose promises are checked (default: the last)",
    )
    group.addoption("--project", type=Path, help="the project to check (default: that part)")
    group.addoption("--settings-module", default="medium.settings", help="its settings module")
    group.addoption(
        "--snapshot",
        action="store_true",
        help="check also what only this repository's parts promise",
    )
    group.addoption("--report", type=Path, help="write one line of JSON a result to this file")
    group.addoption(
        "--quick",
        action="store_true",
        help="leave out what needs a server or much time, and what hardens",
    )
    group.addoption("--state", type=Path, help="the folder of the run's state (default: a new one)")


def pytest_configure(config):
    # Django 5.2 says so to every URLField; from 6.0 on, https is the default.
    config.addinivalue_line("filterwarnings", "ignore:The default scheme will be changed")
    config.addinivalue_line("markers", "until(part): the part where this no longer holds")
    config.addinivalue_line("markers", "mend(file, question): where to look when this fails")
    config.addinivalue_line(
        "markers", "hardening: holds under attack, reported after the chapter's own promises"
    )
    config.addinivalue_line("markers", "stress: hopes for races with real threads; -m stress")
    config.addinivalue_line("markers", "slow: takes a second or more")
    config.addinivalue_line("markers", "snapshot: promised by this repository's parts only")
    try:
        part = ladder.find(config.option.part)
    except LookupError as error:
        raise pytest.UsageError(f"Say which part: --part 3. {error}") from None
    config.part = part
    config.project = (config.option.project or part.path).resolve()
    config.exchanges = []
    # `tutorial check` has loaded the project already, and tidies up by itself.
    config.learners = config.option.project is not None
    config.loaded = config.option.state is not None
    config.state = config.option.state or Path(tempfile.mkdtemp(prefix="tutorial-check-"))
    if config.loaded:
        os.environ["TUTORIAL_PART"] = part.slug
        return
    os.environ.update(
        project_environment(
            config.project,
            config.state,
            settings=config.option.settings_module,
            learners=config.learners,
        ),
        TUTORIAL_PART=part.slug,
        # Django's own advice for tests: the real hasher is slow on purpose.
        TUTORIAL_FAST_PASSWORDS="1",
    )
    # Read at a Python's start, so for this one they come too late.
    sys.pycache_prefix, sys.dont_write_bytecode = os.environ["PYTHONPYCACHEPREFIX"], False
    sys.path.insert(0, str(config.project))
    os.chdir(config.project)

    import django

    django.setup()


def pytest_unconfigure(config):
    if not hasattr(config, "state") or config.loaded:
        return  # it ended before it began
    os.chdir(ladder.ROOT)
    shutil.rmtree(config.state, ignore_errors=True)
    if not config.project.is_relative_to(ladder.ROOT):
        # A copy that was made for this run only: forget what was compiled of it.
        compiled = Path(sys.pycache_prefix, *config.project.parts[1:])
        shutil.rmtree(compiled, ignore_errors=True)


def number(path):
    """The part that a test module belongs to: 3 for test_03_rest_api.py."""
    return int(path.name.split("_")[1])


def pytest_ignore_collect(collection_path, config):
    # Not even imported: the libraries of later parts are not there.
    if collection_path.name.startswith("test_") and number(collection_path) > config.part.number:
        return True


def pytest_collection_modifyitems(config, items):
    if found := [f"{item.nodeid} {lack}" for item in items for lack in what_it_lacks(item)]:
        raise pytest.UsageError("\n".join(found))
    snapshot = config.option.snapshot or config.project.parent == ladder.PARTS

    def holds(item):
        if item.get_closest_marker("stress") and "stress" not in config.option.markexpr:
            return False
        until = item.get_closest_marker("until")
        if until and config.part.number >= until.args[0]:
            return False
        slow = "running" in item.fixturenames or any(
            item.get_closest_marker(name) for name in ("slow", "hardening")
        )
        if slow and config.option.quick:
            return False
        return snapshot or not item.get_closest_marker("snapshot")

    kept = [item for item in items if holds(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def what_it_lacks(item):
    """Yield, in words, what a person would miss when this promise fails."""
    if not (item.function.__doc__ or "").strip():
        yield "has no docstring: say in one what is promised."
    mend = item.get_closest_marker("mend")
    if not mend:
        yield 'has no marker: say @pytest.mark.mend("the file to open", "What to look for there?").'
    elif len(mend.args) != 2 or mend.kwargs:
        yield f"has the marker mend{mend.args}: it takes two arguments, a file and a question."


class NotReady(AssertionError):
    """What a test needs does not hold: that is to be fixed, not what the test promises."""

    def __init__(self, said, promise, file, question):
        super().__init__(said)
        self.instead = {"promise": promise, "file": file, "question": question}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from in_words(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from in_words(item))


def in_words(item):
    """A promise that cannot make sense of a response says so, in place of a KeyError of its own."""
    from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist

    from tutorial.checking import observe, promises

    senseless = (LookupError, TypeError, AttributeError, ValueError, ObjectDoesNotExist)
    try:
        return (yield)
    except (*senseless, MultipleObjectsReturned) as error:
        frames = observe.raised(error, item.config.project)["frames"]
        if not promises.EXCHANGES or any(frame["own"] for frame in frames):
            raise
        response = promises.EXCHANGES[-1]
        promises.fail(f"{promises.answered(response)}, and is not as expected", response)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    file, question = item.get_closest_marker("mend").args
    result = {
        "id": f"{item.path.name}::{item.name}",
        "part": number(item.path),
        "promise": " ".join(item.function.__doc__.split()),
        "outcome": report.outcome,
        "said": what_was_said(call.excinfo.value) if call.excinfo else "",
        "file": file,
        "question": question,
    }
    if call.excinfo:
        result |= what_was_seen(item, call.excinfo)
        if isinstance(call.excinfo.value, NotReady):
            result |= {"part": item.config.part.number, **call.excinfo.value.instead}
    if report.failed:
        advice = "{promise}\n{question} Open {file}.".format(**result)
        report.sections.append(("what to fix", advice))
    report.result = result
    return report


def what_was_said(error):
    """The first line of an assertion is written for a person; of another error, its name helps."""
    first = TOKEN.sub(r"\1…", str(error).partition("\n")[0])
    if isinstance(error, AssertionError | pytest.fail.Exception):
        first = first.removeprefix("Failed: ")
        bare = first.removeprefix("assert ")  # an assertion without words of its own
        return first if bare == first else f"“{bare}” should hold, and does not"
    return f"{type(error).__name__}: {first}"


def what_was_seen(item, excinfo):
    """The request that the promise made last, and the lines of the project that raised."""
    from tutorial.checking import observe, promises

    project, error = item.config.project, excinfo.value
    seen = {"exchange": None, "raised": None}
    exchanges = promises.EXCHANGES
    response = getattr(error, "response", None) or (exchanges[-1] if exchanges else None)
    if response is not None:
        seen["exchange"] = observe.exchange(response, project)
        seen["views"] = sorted({view for one in exchanges if (view := observe.view_of(one))})
        if seen["exchange"]["raised"] is None and response.status_code == 500:
            seen["exchange"]["raised"] = last_error(item.config)
    if not isinstance(error, AssertionError | pytest.fail.Exception):
        seen["raised"] = observe.raised(error, project)
    return seen


def last_error(config):
    """What raised last in the running server, which writes it down."""
    path = config.state / "server" / "errors.jsonl"
    if not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8").splitlines()[-1])


class Reporter:
    """Writes each result as it comes, for `tutorial check` to put into words."""

    def __init__(self, path, write=None):
        self.file = path.open("a", encoding="utf-8", buffering=1) if path else None
        self.write = write or self.write_to_file

    def write_to_file(self, **line):
        self.file.write(json.dumps(line) + "\n")

    def pytest_collection_finish(self, session):
        self.write(total=len(session.items))

    def pytest_collectreport(self, report):
        if report.failed:
            self.write(broken=str(report.longrepr))

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.write(**report.result)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    if path := session.config.option.report:
        session.config.pluginmanager.register(Reporter(path))
    for plugin in session.config.pluginmanager.get_plugins():
        if write := getattr(plugin, "take_result", None):
            session.config.pluginmanager.register(Reporter(None, write))


# What the tests ask for


@pytest.fixture(scope="session")
def part(pytestconfig):
    """The part whose promises are checked."""
    return pytestconfig.part


@pytest.fixture(scope="session")
def project(pytestconfig):
    """The folder of the project that is checked."""
    return pytestconfig.project


@pytest.fixture
def client():
    """Django's test client; an exception in a view becomes a 500, as for a real client."""
    from tutorial.checking.promises import Client

    return Client(SERVER_NAME="localhost")


@pytest.fixture
def admin_client(db, admin_user):
    """The same, logged in to the admin."""
    from tutorial.checking.promises import Client

    client = Client()
    client.force_login(admin_user)
    return client


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    """The migrated database, in memory: migrated once, and copied from then on."""
    from django.conf import settings
    from django.test import TransactionTestCase

    from tutorial.checking import database

    with django_db_blocker.unblock():
        if len(settings.DATABASES) > 1:
            request.getfixturevalue("django_db_modify_db_settings")
            from django.test.utils import setup_databases

            setup_databases(0, interactive=False)
        else:
            database.set_up()
            TransactionTestCase._fixture_teardown = database.restored()
    yield


@pytest.fixture(scope="session")
def running(pytestconfig, django_db_setup, django_db_blocker):
    """The project on a real server with a clock that can be moved."""
    from tutorial.checking import database

    state = pytestconfig.state / "server"
    state.mkdir()
    with django_db_blocker.unblock():
        database.copy_to(state / DATABASE)
    with server.serve(
        pytestconfig.project,
        clock=True,
        settings=os.environ["TUTORIAL_SETTINGS"],
        learners=pytestconfig.learners,
        state=state,
        environment={
            "TUTORIAL_USERS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # the test tools' too
            **{name: os.environ[name] for name in CHECKS if name in os.environ},
        },
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def only_users_by_name(request, part):
    """Users who log in by something else: a promise that needs one is left out, and said to be."""
    from django.contrib.auth import get_user_model

    if get_user_model().USERNAME_FIELD == "username":
        return
    needs = {"user", "admin_user", "django_user_model", "running"} & set(request.fixturenames)
    if needs or number(request.path) >= ladder.first("has_tokens").number:
        pytest.skip("needs a user who logs in by username")


@pytest.fixture(autouse=True)
def remember_requests(monkeypatch):
    """What a promise is told of is its own requests, to the test client and to a server."""
    import requests

    from tutorial.checking import promises

    promises.EXCHANGES.clear()
    send = promises.remember_requests(requests.Session.send)
    monkeypatch.setattr(requests.Session, "send", send)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Uploads of a test go to a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def user(db, django_user_model):
    """A member: able to log in, and nothing more."""
    return django_user_model.objects.create_user("ada", "ada@example.com", "correct horse")


@pytest.fixture(autouse=True)
def forget_attempts():
    """The throttle of a test counts that test's requests only."""
    from django.core.cache import cache

    cache.clear()


def logged_in(client, user, part):
    """Log the user in, in the way that this part offers. Raises NotReady."""
    if not part.has_tokens:
        client.force_login(user)
        return client
    answer = client.post(part.login, {"username": user.username, "password": "correct horse"})
    if answer.status_code != 200:
        raise not_logged_in(part, answer, f"got {answer.status_code}")
    try:
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access']}"
    except (ValueError, KeyError, TypeError):
        raise not_logged_in(part, answer, "its response holds no “access”") from None
    return client


def not_logged_in(part, answer, got):
    error = NotReady(
        f"POST {part.login} should be 200, {got}",
        "A member logs in.",
        "medium/urls.py",
        f'Is the view that obtains token pairs at "{part.login[1:]}"?',
    )
    error.response = answer
    return error


@pytest.fixture
def member(client, user, part):
    """A client that is logged in as the member."""
    return logged_in(client, user, part)


@pytest.fixture
def editor(client, user, part):
    """A client that may change images: of any member, or of staff where only staff may."""
    user.is_staff = part.staff_edits_images
    user.save()
    return logged_in(client, user, part)
