"""What a change can break is found; where nothing is known of a file, that is everything."""

import subprocess

import pytest

from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, first
from tutorial.verifying.changed import changed_files, jobs_for_files
from tutorial.verifying.sessions import jobs_for

PART = first("has_tokens")


def names(*paths):
    return {job.name for job in jobs_for_files(paths)}


def commands(*paths):
    return [" ".join(map(str, job.command)) for job in jobs_for_files(paths)]


def test_a_chapter_is_read_by_the_robot_and_its_page_is_looked_at():
    path = f"docs/chapters/{PART.slug}.md"
    assert names(path) == {"style", f"chapter {PART.slug}", "pages", "tests/book"}
    page = next(line for line in commands(path) if "test_pages.py" in line)
    assert page.endswith(f"-k chapters/{PART.slug}")


@pytest.mark.parametrize("part", [LADDER[0], PART, LADDER[-1]], ids=str)
def test_a_part_is_checked_and_so_are_the_later_ones(part):
    found = names(f"parts/{part.slug}/medium/settings.py")
    later = {f"promises of {each.slug}" for each in LADDER[LADDER.index(part) :]}
    assert {name for name in found if name.startswith("promises")} == later
    assert {"pages", "tests/ladder", f"tests/mutants -k {part}:", f"chapter {part.slug}"} <= found


def test_what_a_part_requires_is_tried_in_isolation():
    assert f"checkpoint({PART.slug})" in names(f"parts/{PART.slug}/requirements.txt")


@pytest.mark.parametrize(
    ("path", "tested", "untouched"),
    [
        ("src/tutorial/tokens.py", "tests/demo/test_tokens.py", "tests/carrying"),
        ("src/tutorial/tokens.py", "tests/demo/test_walk.py", "test_durations.py"),
        # through modules that import it, and through the command line
        ("src/tutorial/running/clock.py", "tests/lab/test_story.py", "tests/carrying"),
        ("src/tutorial/demo/walk.py", "tests/cli/test_cli.py", "tests/lab"),
        # not Python: what its package has
        ("src/tutorial/lab/web/lab.js", "tests/lab/test_story.py", "tests/demo"),
        ("src/tutorial/running/server.py", "tests/checkpoints --part", "tests/carrying"),
        ("src/tutorial/book/page.py", "tests/book/test_follow.py", "tests/lab"),
        ("tests/lab/pages.py", "tests/lab", "tests/cli"),
        ("tests/lab/test_story.py", "tests/lab/test_story.py", "test_server.py"),
        ("notebooks/03-expire.ipynb", "tests/notebooks -k 03-expire", "tests/lab"),
        ("docs/reference/endpoints.md", "tests/book/test_reference.py", "tests/lab"),
        ("README.md", "tests/book/test_documents.py", "tests/lab"),
        ("scripts/bootstrap.py", "tests/scripts", "tests/lab"),
        (".github/workflows/ci.yml", "tests/verifying", "tests/lab"),
    ],
)
def test_a_file_has_its_tests(path, tested, untouched):
    assert (ROOT / path).exists()
    lines = commands(path)
    assert any(tested in line for line in lines), lines
    assert not any(untouched in line for line in lines), lines
    assert any(line.endswith("-s style") for line in lines)


def test_a_module_of_promises_is_tried_on_every_part_that_keeps_them():
    module = next((ROOT / "tests/checkpoints").glob(f"test_{PART.number:02}_*.py"))
    found = names(f"tests/checkpoints/{module.name}")
    later = LADDER[LADDER.index(PART) :]
    assert {name for name in found if name.startswith("promises")} == {
        f"promises of {part.slug}" for part in later
    }


@pytest.mark.parametrize(
    "path",
    [
        "noxfile.py",
        "pyproject.toml",
        "constraints.txt",
        "tests/conftest.py",
        "tests/checkpoints/conftest.py",
        "tests/requirements.txt",
        "a-new-folder/file.txt",
        "parts/77-nowhere/manage.py",
        "src/tutorial/bench.py",  # no test needs it
    ],
)
def test_when_nothing_is_known_of_a_file_it_is_everything(path):
    assert names(path) == {job.name for job in jobs_for([])}


def test_what_is_asked_for_twice_is_done_once():
    paths = [f"parts/{part.slug}/reviews/models.py" for part in LADDER]
    paths += ["README.md", "docs/reference/endpoints.md", "tests/book/test_settings.py"]
    jobs = jobs_for_files(paths)
    logs = [job.log for job in jobs]
    assert len(logs) == len(set(logs))
    (book,) = [job for job in jobs if job.name == "tests/book"]
    modules = [f"tests/book/test_{name}.py" for name in ("documents", "reference", "settings")]
    assert book.repeat == f"pytest {' '.join(modules)}"


# What has changed


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / ".git/info/exclude").write_text("ignored.txt", encoding="utf-8")
    commit(root, "old.txt")
    git(root, "switch", "--quiet", "--create", "work")
    return root


def git(root, *arguments):
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root, *names):
    for name in names:
        (root / name).write_text(name, encoding="utf-8")
    git(root, "add", *names)
    git(root, "commit", "--quiet", "--message", "more")


def test_what_changed_is_all_since_main_was_left(repository):
    assert changed_files(root=repository) == []
    commit(repository, "committed.txt", "größe 1.txt")
    (repository / "old.txt").write_text("edited", encoding="utf-8")
    (repository / "new.txt").touch()
    (repository / "ignored.txt").touch()
    mine = ["committed.txt", "größe 1.txt", "new.txt", "old.txt"]
    assert changed_files(root=repository) == mine
    git(repository, "stash", "--quiet")
    git(repository, "switch", "--quiet", "main")
    commit(repository, "of-others.txt")
    git(repository, "switch", "--quiet", "work")
    assert changed_files(root=repository) == ["committed.txt", "größe 1.txt", "new.txt"]


def test_a_file_that_is_gone_or_has_moved_counts_by_its_old_name_too(repository):
    git(repository, "mv", "old.txt", "renamed.txt")
    assert changed_files(root=repository) == ["old.txt", "renamed.txt"]


def test_another_commit_than_main_can_be_named(repository):
    commit(repository, "one.txt")
    commit(repository, "two.txt")
    assert changed_files("HEAD~1", repository) == ["two.txt"]
    with pytest.raises(Problem, match="no commit 'nowhere'"):
        changed_files("nowhere", repository)


def test_without_a_main_the_way_out_is_said(repository):
    git(repository, "branch", "--delete", "--force", "main")
    with pytest.raises(Problem, match="--since"):
        changed_files(root=repository)
