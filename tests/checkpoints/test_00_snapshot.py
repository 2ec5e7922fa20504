"""What a part of this repository promises beyond what a learner's own project has to."""

import ast
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import packages_distributions

import pytest
import requests
from django.contrib.auth import authenticate
from django.core.management import call_command

from tutorial.checking.promises import expect, model
from tutorial.ladder import ROOT, canonical, up_to
from tutorial.ladder_check import declared
from tutorial.project_files import clean_copy, own_files
from tutorial.running.server import PASSWORD, answers, free_port

pytestmark = pytest.mark.snapshot


@pytest.fixture(scope="module")
def fresh(project, pytestconfig, tmp_path_factory):
    """The part as it is cloned, in a path with a space and a letter beyond ASCII."""
    clone = tmp_path_factory.mktemp("clone") / "my prøject"
    folder = clone / "parts" / pytestconfig.part.slug
    clean_copy(project, folder)
    shutil.copy(ROOT / ".gitignore", clone)
    subprocess.run(["git", "init", "--quiet"], cwd=clone, check=True)
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    return folder


@pytest.fixture(scope="module")
def environment():
    """The environment that a learner's shell has: nothing of ours in it."""
    ours = ("TUTORIAL_", "DJANGO_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.mark.mend("manage.py", "Does it work by hand, in this folder?")
def test_the_four_commands_work(fresh, environment, part):
    """migrate, loaddata demo and runserver work as they stand, and leave nothing for git."""

    def manage(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        options = {"cwd": fresh, "env": environment, "encoding": "utf-8", "check": False}
        result = subprocess.run(command, capture_output=True, **options)
        assert result.returncode == 0, f"{arguments} failed: {result.stderr[-800:]}"
        return result.stdout

    manage("migrate")
    assert manage("loaddata", "demo").startswith("Installed ")
    if part.pictures:
        assert manage("load_pictures").strip() == "8 pictures added, 8 in all."
        assert manage("load_pictures").strip() == "0 pictures added, 8 in all."
    port = free_port(20_000 + os.getpid() % 20_000)
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    process = subprocess.Popen(
        command, cwd=fresh, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None and time.monotonic() < end, "runserver did not come up"
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port}"
        expect(requests.get(f"{url}/admin/login/", timeout=30), 200)
        if part.products:
            got = expect(requests.get(url + part.products, timeout=30), 200)
            assert got["count"] == 15, f"the demo data should be served: {got}"
    finally:
        process.kill()
        process.wait()
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(status, cwd=fresh, capture_output=True, encoding="utf-8", check=True)
    left = [line for line in seen.stdout.splitlines() if not line.startswith("A  ")]
    assert not left, f"git sees what the run left: {left}"


def used(project):
    """The distributions that the code imports, or names in its settings."""
    known = packages_distributions()
    names = set()
    for path in own_files(project):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse((project / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
            elif isinstance(node, ast.Constant) and path.name == "settings.py":
                names.add(str(node.value))
    tops = {name.partition(".")[0] for name in names}
    return {canonical(distribution) for top in tops for distribution in known.get(top, [])}


@pytest.mark.mend("requirements.txt", "Does it name what the code uses, and nothing else?")
def test_the_requirements_are_what_is_used(project, part):
    """requirements.txt names every package that the part uses, and no other."""
    missing, surplus = used(project) - declared(project), declared(project) - used(project)
    assert not missing, f"requirements.txt lacks {missing}"
    assert not surplus, f"requirements.txt names {surplus}, which nothing uses"
    listed = {package for other in up_to(part.number) for package in other.packages}
    assert declared(project) == listed, f"the ladder lists {listed} for this part"


@pytest.fixture
def demo_data(db):
    call_command("loaddata", "demo", verbosity=0)


@pytest.mark.mend("reviews/fixtures/demo.json", "Is there enough of everything?")
def test_the_demo_data_is_rich(demo_data):
    """The fixture holds 12 products in 5 categories, 4 companies, 30 offers, 30 comments."""
    least = {"Product": 12, "Category": 5, "Company": 4, "ProductSize": 3}
    least |= {"ProductSite": 30, "Comment": 30}
    there = {name: model(name).objects.count() for name in least}
    short = {name: there[name] for name in least if there[name] < least[name]}
    assert not short, f"there should be {least}, there are only {short}"
    prices = Counter(model("ProductSite").objects.values_list("price", flat=True))
    assert len(prices) > 20, f"30 offers should have many prices, they have {len(prices)}"
    authors = set(model("Comment").objects.values_list("user__username", flat=True))
    assert len(authors) == 4, f"four users should comment, {authors} do"
    for name in least:
        for thing in model(name).objects.all():
            thing.full_clean()


@pytest.mark.mend("reviews/fixtures/demo.json", "Do the users come without a pk, by username?")
def test_the_demo_data_leaves_my_user_alone(db, django_user_model):
    """A superuser who was there first, with the first pk, is not overwritten."""
    mine = django_user_model.objects.create_superuser("me", "me@example.com", "secret")
    call_command("loaddata", "demo", verbosity=0)
    call_command("loaddata", "demo", verbosity=0)  # twice is no error
    mine.refresh_from_db()
    assert mine.username == "me" and mine.check_password("secret"), "the fixture replaced my user"


@pytest.mark.mend("reviews/fixtures/demo.json", "Is the user `demo` there, with that password?")
def test_the_demo_user_logs_in(demo_data, part):
    """From part 7 on the fixture holds a member to log in with, who is not staff."""
    user = authenticate(username="demo", password=PASSWORD)
    assert bool(user) == part.has_tokens, f"logging in as demo gave {user}"
    assert not user or not user.is_staff, "the demo user should be no more than a member"
