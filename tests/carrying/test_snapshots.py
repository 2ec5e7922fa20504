"""What `tutorial start` and `tutorial diff` promise, on two made-up parts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tutorial import ladder
from tutorial.carrying import snapshots
from tutorial.errors import Problem
from tutorial.ladder import Part

ONE, TWO = Part(1, "01-one", "the first"), Part(2, "02-two", "the second")


@pytest.fixture(autouse=True)
def plain_git(tmp_path, monkeypatch):
    """No test depends on the configuration of whoever runs it, or on a repository around it."""
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Two parts that differ in every way that a patch has to express."""
    parts = tmp_path / "parts"
    monkeypatch.setattr(ladder, "PARTS", parts)
    same = {"manage.py": b"run()\n", ".gitignore": b"media/\n", "reviews/static/a.css": b"a\n"}
    write(
        parts / ONE.slug,
        {
            **same,
            "medium/urls.py": b"one\ntwo\nthree\n",
            "reviews/views.py": b"gone = 1\n",
            "logo.png": b"\0old" * 9,
            "crlf.txt": b"a\r\nb\r\n",
        },
    )
    write(
        parts / TWO.slug,
        {
            **same,
            "medium/urls.py": b"one\n2\nthree",  # and no newline at the end
            "accounts/views.py": b"gone = 1\n",  # moved, and so new here and deleted there
            "accounts/__init__.py": b"",
            "logo.png": b"\0new" * 9,
            "crlf.txt": b"a\r\nc\r\n",
            "with space/größe.py": "größe = 1\n".encode(),
        },
    )
    if os.name == "posix":
        (parts / TWO.slug / "manage.py").chmod(0o755)
    return parts


def write(folder: Path, files: dict[str, bytes]):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def files(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Return each file below a folder by its path: what it holds, and whether it is executable."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in folder.rglob("*")
        if path.is_file()
    }


# start


def test_a_start_is_a_copy_of_the_part_in_a_folder_made_for_it(parts, tmp_path):
    target = tmp_path / "new" / "my project"
    steps = snapshots.start(TWO, target)
    assert files(target) == files(parts / TWO.slug)
    assert steps[0] == f'cd "{target}"'
    assert "python manage.py migrate" in steps


def test_an_empty_folder_will_do(parts, tmp_path):
    target = tmp_path / "empty"
    target.mkdir()
    snapshots.start(ONE, target)
    assert files(target) == files(parts / ONE.slug)


def test_a_tilde_is_the_home_folder(parts, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))  # what Windows goes by
    snapshots.start(ONE, Path("~/project"))
    assert (tmp_path / "home" / "project" / "manage.py").exists()


def test_a_start_has_no_leftovers(parts, tmp_path):
    before = files(parts / ONE.slug)
    leftovers = {
        "db.sqlite3": b"x",
        "media/a.png": b"x",
        "static/a.css": b"x",
        "medium/__pycache__/urls.pyc": b"x",
        ".venv/bin/python": b"x",
        ".env": b"SECRET=1",
    }
    write(parts / ONE.slug, leftovers)
    snapshots.start(ONE, tmp_path / "target")
    assert files(tmp_path / "target") == before


def test_a_start_keeps_what_only_looks_like_leftovers(parts, tmp_path):
    needed = {".gitignore": b"x", ".gitattributes": b"x", "reviews/static/a.css": b"x"}
    write(parts / ONE.slug, needed)
    snapshots.start(ONE, tmp_path / "target")
    assert needed.keys() <= files(tmp_path / "target").keys()


def test_a_folder_with_something_in_it_is_refused(parts, tmp_path):
    target = tmp_path / "mine"
    write(target, {"notes.txt": b"mine"})
    with pytest.raises(Problem, match="is not empty"):
        snapshots.start(ONE, target)
    assert files(target) == {"notes.txt": (b"mine", False)}


def test_a_file_is_refused(parts, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(Problem, match="is a file"):
        snapshots.start(ONE, tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("inside", ["mine", "01-one/mine", "../elsewhere/../parts/mine"])
def test_a_folder_among_the_parts_is_refused(parts, inside):
    before = sorted(parts.rglob("*"))
    with pytest.raises(Problem, match="holds only the tutorial's own parts"):
        snapshots.start(ONE, parts / inside)
    assert sorted(parts.rglob("*")) == before


def test_a_part_that_is_not_there_is_said_to_be_missing(parts, tmp_path):
    with pytest.raises(Problem, match="complete copy of the tutorial"):
        snapshots.start(Part(9, "09-nine", "nothing"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("there_already", [False, True])
@pytest.mark.parametrize(
    ("error", "seen"), [(OSError("disk full"), Problem), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_copy_that_stops_half_way_leaves_nothing(
    parts, tmp_path, monkeypatch, there_already, error, seen
):
    copy = shutil.copy2

    def half_a_copy(source, target):
        copy(source, target)
        raise error

    target = tmp_path / "new" / "project"
    if there_already:
        target.mkdir(parents=True)
    monkeypatch.setattr(shutil, "copy2", half_a_copy)
    with pytest.raises(seen):
        snapshots.start(ONE, target)
    if there_already:
        assert list(target.iterdir()) == []
    else:
        assert not (tmp_path / "new").exists()


def test_a_parent_that_is_a_file_is_a_problem_in_words(parts, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(Problem, match="could not be copied"):
        snapshots.start(ONE, tmp_path / "mine" / "project")
    assert (tmp_path / "mine").read_bytes() == b"mine"


# diff


@pytest.mark.parametrize(("old", "new"), [(ONE, TWO), (TWO, ONE)])
def test_the_patch_makes_one_part_the_other(parts, tmp_path, old, new):
    project = tmp_path / "project"
    snapshots.start(old, project)
    patch = snapshots.diff(old, new).encode()
    subprocess.run(["git", "apply", "-"], cwd=project, input=patch, check=True)
    assert files(project) == files(parts / new.slug)


def test_a_patch_has_the_paths_of_a_project(parts):
    lines = snapshots.diff(ONE, TWO).splitlines()
    assert {"--- a/medium/urls.py", "+++ b/medium/urls.py"} <= set(lines)
    new = lines.index("+++ b/accounts/views.py")
    assert lines[new - 1] == "--- /dev/null"
    gone = lines.index("--- a/reviews/views.py")
    assert lines[gone + 1] == "+++ /dev/null"
    assert "+++ b/with space/größe.py" in "\n".join(lines)


def test_a_diff_knows_no_leftovers(parts):
    before = snapshots.diff(ONE, TWO)
    write(parts / TWO.slug, {"db.sqlite3": b"x", "media/a.txt": b"x", ".venv/a": b"x"})
    assert snapshots.diff(ONE, TWO) == before


def test_a_diff_shows_what_the_parts_own_gitignore_hides(parts):
    write(parts / ONE.slug, {".gitignore": b"*\n"})
    write(parts / TWO.slug, {".gitignore": b"*\n"})
    assert "+++ b/accounts/views.py" in snapshots.diff(ONE, TWO)


def test_a_part_does_not_differ_from_itself(parts):
    assert snapshots.diff(ONE, ONE) == ""


def test_numbers_are_by_plain_path(parts):
    text = snapshots.diff(ONE, TWO, stat=True)
    paths = {line.split("|")[0].strip() for line in text.splitlines() if "|" in line}
    assert {"medium/urls.py", "accounts/views.py", "reviews/views.py", "logo.png"} <= paths
    assert "8 files changed" in text or os.name != "posix"
    assert "=>" not in text
    assert "@@" not in text


@pytest.mark.parametrize("stat", [False, True])
def test_colour_only_where_asked_for(parts, stat):
    assert "\x1b[3" in snapshots.diff(ONE, TWO, stat=stat, color=True)
    assert "\x1b[" not in snapshots.diff(ONE, TWO, stat=stat)


def test_the_users_git_settings_change_nothing(parts, tmp_path, monkeypatch):
    before = snapshots.diff(ONE, TWO)
    settings = (
        "[diff]\n noprefix = true\n external = false\n context = 0\n mnemonicPrefix = true\n"
        "[color]\n ui = always\n diff = always\n[core]\n pager = false\n autocrlf = true\n"
        "[init]\n templateDir = /nowhere\n"
    )
    write(
        tmp_path / "home", {".gitconfig": settings.encode(), ".config/git/attributes": b"* -diff"}
    )
    (tmp_path / "gitconfig").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert snapshots.diff(ONE, TWO) == before
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    assert snapshots.diff(ONE, TWO) == before


def test_a_diff_needs_git_and_says_so(parts, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="install it"):
        snapshots.diff(ONE, TWO)


def test_what_git_complains_about_is_shown(tmp_path):
    with pytest.raises(Problem, match="not a git repository"):
        snapshots.run_git("status", cwd=tmp_path)
