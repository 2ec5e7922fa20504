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
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tutorial import ladder
from tutorial.running import server
from tutorial.running.environment import project_environment


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


def pytest_configure(config):
    # Django 5.2 says so to every URLField; from 6.0 on, https is the default.
    config.addinivalue_line("filterwarnings", "ignore:The default scheme will be changed")
    config.addinivalue_line("markers", "until(part): the part where this no longer holds")
    config.addinivalue_line("markers", "mend(file, question): where to look when this fails")
    config.addinivalue_line(
        "markers", "hardening: holds under attack, reported after the chapter's own promises"
    )
    config.addinivalue_line("markers", "stress: hopes for races with real threads; -m stress")
    config.addinivalue_line("markers", "snapshot: promised by this repository's parts only")
    try:
        part = ladder.find(config.option.part)
    except LookupError as error:
        raise pytest.UsageError(f"Say which part: --part 3. {error}") from None
    config.part = part
    config.project = (config.option.project or part.path).resolve()
    config.state = Path(tempfile.mkdtemp(prefix="tutorial-check-"))
    config.learners = config.option.project is not None
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
    if not hasattr(config, "state"):
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
        yield f"has a marker mend{mend.args}: it takes two arguments, a file and a question."


class NotReady(AssertionError):
    """What a test needs does not hold: that is to be fixed, not what the test promises."""

    def __init__(self, said, promise, file, question):
        super().__init__(said)
        self.instead = {"promise": promise, "file": file, "question": question}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    file, question = item.get_closest_marker("mend").args
    result = {
        "part": number(item.path),
        "promise": " ".join(item.function.__doc__.split()),
        "outcome": report.outcome,
        "said": what_was_said(call.excinfo.value) if call.excinfo else "",
        "file": file,
        "question": question,
    }
    if call.excinfo and isinstance(call.excinfo.value, NotReady):
        result |= {"part": item.config.part.number, **call.excinfo.value.instead}
    if report.failed:
        advice = "{promise}\n{question} Open {file}.".format(**result)
        report.sections.append(("what to mend", advice))
    report.result = result
    return report


def what_was_said(error):
    """The first line of an assertion is written for a person; of another error, its name helps."""
    first = str(error).partition("\n")[0]
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return first.removeprefix("Failed: ")
    return f"{type(error).__name__}: {first}"


class Reporter:
    """Writes each result as it comes, for `tutorial check` to put into words."""

    def __init__(self, path):
        self.file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, **line):
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
    """Django's test client; an exception in a view is an answer 500, as for a real client."""
    from django.test import Client

    return Client(raise_request_exception=False, SERVER_NAME="localhost")


@pytest.fixture(scope="session")
def running(pytestconfig):
    """The project on a real server with a clock that can be moved."""
    settings = pytestconfig.option.settings_module
    with server.serve(
        pytestconfig.project, clock=True, settings=settings, learners=pytestconfig.learners
    ) as running:
        yield running


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
        raise NotReady(
            f"POST {part.login} should be 200, got {answer.status_code}",
            "A member logs in.",
            "medium/urls.py",
            f'Is the view that obtains token pairs at "{part.login[1:]}"?',
        )
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access']}"
    return client


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
