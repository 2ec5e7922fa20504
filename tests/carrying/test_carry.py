"""What `tutorial carry` promises, on a made-up ladder in a repository of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tutorial.carrying.carry import Change, carry, render
from tutorial.errors import Problem
from tutorial.ladder import Part

LADDER = (Part(1, "01-one", "a"), Part(2, "02-two", "b"), Part(3, "03-three", "c"))
ONE, TWO, THREE = LADDER
LINES = b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"


@pytest.fixture(autouse=True)
def plain_git(tmp_path, monkeypatch):
    """No test depends on the configuration of whoever runs it."""
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")


class Tree:
    """A repository with three parts, by number."""

    def __init__(self, root: Path):
        self.root = root
        git(root, "init", "--quiet")

    def path(self, number: int, name: str) -> Path:
        return self.root / "parts" / LADDER[number - 1].slug / name

    def put(self, number: int, name: str, content: bytes):
        path = self.path(number, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def commit(self):
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--message", "parts")

    def read(self, number: int, name: str) -> bytes | None:
        path = self.path(number, name)
        return path.read_bytes() if path.exists() else None

    def everything(self) -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in (self.root / "parts").rglob("*")
            if path.is_file()
        }

    def carry(self, part: Part = ONE, **options):
        return carry(part, ladder=LADDER, root=self.root, **options)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    return done.stdout.decode()


@pytest.fixture
def tree(tmp_path):
    """Three parts with the same `a.py`, of which each has one line of its own at the end."""
    (tmp_path / "repository").mkdir()
    tree = Tree(tmp_path / "repository")
    for part in LADDER:
        tree.put(part.number, "a.py", LINES + b"end of %d\n" % part.number)
        tree.put(part.number, "manage.py", b"run()\n")
    (tree.root / ".gitignore").write_bytes(b"db.sqlite3\nmedia/\n__pycache__/\n")
    tree.commit()
    return tree


def kinds(result) -> list[list[tuple[str, str]]]:
    """Return what happened, in each part in turn, as (kind, path)."""
    return [[(change.kind, change.path) for change in merge.changes] for merge in result.merges]


# What is carried


def test_a_changed_line_reaches_every_later_part_and_their_own_lines_stay(tree):
    tree.put(1, "a.py", LINES.replace(b"2", b"two") + b"end of 1\n")
    result = tree.carry()
    for number in (2, 3):
        assert tree.read(number, "a.py") == LINES.replace(b"2", b"two") + b"end of %d\n" % number
    assert kinds(result) == [[("changed", "a.py")]] * 2
    assert not result.conflicts


def test_a_change_starts_at_its_part_and_leaves_earlier_ones_alone(tree):
    tree.put(2, "a.py", LINES.replace(b"2", b"two") + b"end of 2\n")
    assert kinds(tree.carry(TWO)) == [[("changed", "a.py")]]
    assert tree.read(1, "a.py") == LINES + b"end of 1\n"


def test_each_part_hands_on_its_own_change_and_not_the_first_parts(tree):
    # Part 2 has the first half of the change already, part 3 has something else there on purpose.
    tree.put(2, "a.py", LINES.replace(b"2", b"two"))
    tree.put(3, "a.py", LINES.replace(b"2", b"zwei"))
    tree.put(1, "a.py", LINES)
    tree.commit()
    tree.put(1, "a.py", LINES.replace(b"2", b"two").replace(b"8", b"eight"))
    assert not tree.carry().conflicts
    assert tree.read(3, "a.py") == LINES.replace(b"2", b"zwei").replace(b"8", b"eight")


def test_a_change_already_committed_is_carried_from_the_commit_before(tree):
    tree.put(1, "a.py", LINES.replace(b"2", b"two") + b"end of 1\n")
    tree.commit()
    tree.carry(since="HEAD~1")
    assert tree.read(3, "a.py") == LINES.replace(b"2", b"two") + b"end of 3\n"


def test_a_new_file_is_added_even_before_git_knows_it(tree):
    tree.put(1, "new/b.py", b"b\n")
    assert kinds(tree.carry()) == [[("added", "new/b.py")]] * 2
    assert tree.read(3, "new/b.py") == b"b\n"


def test_a_new_file_that_is_there_with_other_content_is_a_conflict(tree):
    tree.put(2, "b.py", b"other\n")
    tree.commit()
    tree.put(1, "b.py", b"b\n")
    assert kinds(tree.carry()) == [[("conflict", "b.py")]]
    assert tree.read(2, "b.py") == (b"<<<<<<< 02-two\nother\n=======\nb\n>>>>>>> 01-one\n")


def test_a_deleted_file_is_deleted_with_the_folder_it_leaves_empty(tree):
    for number in (1, 2, 3):
        tree.put(number, "old/b.py", b"b\n")
    tree.commit()
    tree.path(1, "old/b.py").unlink()
    assert kinds(tree.carry()) == [[("deleted", "old/b.py")]] * 2
    assert not tree.path(3, "old").exists()
    assert tree.path(3, "a.py").exists()


def test_a_deleted_file_that_a_later_part_changed_stays_and_is_a_conflict(tree):
    tree.path(1, "a.py").unlink()
    result = tree.carry()
    assert kinds(result) == [[("conflict", "a.py")]]
    assert "keep or delete it" in result.conflicts[0].note
    assert tree.read(2, "a.py") == LINES + b"end of 2\n"


def test_a_change_to_a_file_that_a_later_part_has_not_is_a_conflict(tree):
    tree.path(2, "a.py").unlink()
    tree.commit()
    tree.put(1, "a.py", b"changed\n")
    result = tree.carry()
    assert "does not have it" in result.conflicts[0].note
    assert tree.read(2, "a.py") is None


def test_a_binary_file_is_replaced_where_it_was_the_same(tree):
    for number in (1, 2, 3):
        tree.put(number, "a.png", b"\0old\r\n")
    tree.commit()
    tree.put(1, "a.png", b"\0new\n\r\n")
    assert kinds(tree.carry()) == [[("changed", "a.png")]] * 2
    assert tree.read(3, "a.png") == b"\0new\n\r\n"


def test_a_binary_file_that_differs_is_a_conflict_and_untouched(tree):
    tree.put(1, "a.png", b"\0old")
    tree.put(2, "a.png", b"\0other")
    tree.commit()
    tree.put(1, "a.png", b"\0new")
    result = tree.carry()
    assert kinds(result) == [[("conflict", "a.png")]]
    assert "choose one" in result.conflicts[0].note
    assert tree.read(2, "a.png") == b"\0other"


def test_a_binary_file_is_compared_byte_by_byte(tree):
    for number, content in ((1, b"\0old\r\n"), (2, b"\0old\r\n"), (3, b"\0old\n")):
        tree.put(number, "a.png", content)
    tree.commit()
    tree.put(1, "a.png", b"\0old\n")
    assert kinds(tree.carry()) == [[("changed", "a.png")], []]
    assert tree.read(2, "a.png") == b"\0old\n"


def test_a_part_that_has_the_change_already_is_not_written(tree):
    tree.put(2, "a.py", b"changed\n")
    tree.commit()
    tree.put(1, "a.py", b"changed\n")
    tree.path(2, "a.py").chmod(0o444)  # writing would fail, or at least be seen
    modified = tree.path(2, "a.py").stat().st_mtime_ns
    result = tree.carry()
    assert kinds(result) == [[], []]
    assert tree.path(2, "a.py").stat().st_mtime_ns == modified
    assert "  nothing to change" in render(result)


def test_leftovers_are_neither_carried_nor_touched(tree):
    for number, content in ((1, b"one"), (3, b"three")):
        for name in ("db.sqlite3", "media/a.png", "__pycache__/a.pyc"):
            tree.put(number, name, content)
    tree.put(1, "b.py", b"b\n")
    assert kinds(tree.carry()) == [[("added", "b.py")]] * 2
    assert tree.read(2, "db.sqlite3") is None
    assert tree.read(3, "media/a.png") == b"three"


def test_an_ignored_file_in_the_way_of_a_new_one_is_a_conflict_and_untouched(tree):
    tree.put(1, "db.sqlite3", b"one")
    git(tree.root, "add", "--force", "parts/01-one/db.sqlite3")
    tree.put(2, "db.sqlite3", b"precious")
    assert kinds(tree.carry()) == [[("conflict", "db.sqlite3")]]
    assert tree.read(2, "db.sqlite3") == b"precious"


@pytest.mark.parametrize("name", ["with space.py", "größe/日本.py"])
def test_names_with_spaces_and_other_letters(tree, name):
    for number in (1, 2, 3):
        tree.put(number, name, LINES)
    tree.commit()
    tree.put(1, name, LINES.replace(b"2", b"two"))
    tree.put(1, "new " + name, b"new\n")
    expected = sorted([("changed", name), ("added", "new " + name)])
    assert [sorted(step) for step in kinds(tree.carry())] == [expected] * 2
    assert tree.read(3, name) == LINES.replace(b"2", b"two")
    assert tree.read(3, "new " + name) == b"new\n"


# Line ends and modes


def crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def test_a_part_saved_with_crlf_merges_line_by_line_and_keeps_crlf(tree):
    tree.put(2, "a.py", crlf(LINES + b"end of 2\n"))
    tree.commit()
    tree.put(1, "a.py", LINES.replace(b"2", b"two") + b"end of 1\n")
    assert not tree.carry().conflicts
    assert tree.read(2, "a.py") == crlf(LINES.replace(b"2", b"two") + b"end of 2\n")
    assert tree.read(3, "a.py") == LINES.replace(b"2", b"two") + b"end of 3\n"


def test_a_part_saved_with_crlf_that_is_else_the_same_keeps_crlf(tree):
    tree.put(2, "manage.py", b"run()\r\n")
    tree.commit()
    tree.put(1, "manage.py", b"walk()\n")
    assert not tree.carry().conflicts
    assert tree.read(2, "manage.py") == b"walk()\r\n"
    assert tree.read(3, "manage.py") == b"walk()\n"


def test_an_editor_that_saved_with_crlf_changed_only_what_it_changed(tree):
    tree.put(1, "a.py", crlf(LINES.replace(b"2", b"two") + b"end of 1\n"))
    tree.put(1, "manage.py", b"run()\r\n")
    assert kinds(tree.carry()) == [[("changed", "a.py")]] * 2
    assert tree.read(2, "a.py") == LINES.replace(b"2", b"two") + b"end of 2\n"


def test_other_line_ends_alone_are_no_change(tree):
    tree.put(1, "a.py", crlf(LINES + b"end of 1\n"))
    with pytest.raises(Problem, match="nothing to carry"):
        tree.carry()


def test_a_deleted_file_that_a_later_part_only_saved_with_crlf_is_deleted(tree):
    tree.put(2, "manage.py", b"run()\r\n")
    tree.commit()
    tree.path(1, "manage.py").unlink()
    assert kinds(tree.carry()) == [[("deleted", "manage.py")]] * 2


posix = pytest.mark.skipif(os.name != "posix", reason="files have no modes here")


def executable(tree: Tree, number: int, name: str) -> bool:
    return bool(tree.path(number, name).stat().st_mode & 0o100)


@posix
def test_a_merged_file_stays_executable(tree):
    tree.path(2, "a.py").chmod(0o755)
    tree.commit()
    tree.put(1, "a.py", LINES.replace(b"2", b"two") + b"end of 1\n")
    tree.carry()
    assert [executable(tree, number, "a.py") for number in (1, 2, 3)] == [False, True, False]


@posix
def test_a_new_mode_is_carried(tree):
    tree.path(1, "manage.py").chmod(0o755)
    tree.put(1, "run.sh", b"#!/bin/sh\n")
    tree.path(1, "run.sh").chmod(0o755)
    assert kinds(tree.carry()) == [[("changed", "manage.py"), ("added", "run.sh")]] * 2
    assert executable(tree, 3, "manage.py")
    assert executable(tree, 3, "run.sh")
    assert not executable(tree, 3, "a.py")


@posix
def test_a_mode_taken_away_is_carried_even_to_another_binary_file(tree):
    for number in (1, 2, 3):
        tree.put(number, "tool", b"\0of part %d" % number)
        tree.path(number, "tool").chmod(0o755)
    tree.commit()
    tree.path(1, "tool").chmod(0o644)
    assert kinds(tree.carry()) == [[("changed", "tool")]] * 2
    assert not executable(tree, 3, "tool")
    assert tree.read(3, "tool") == b"\0of part 3"


@posix
def test_modes_are_gits_where_the_file_system_has_none(tree):
    git(tree.root, "config", "core.fileMode", "false")
    tree.path(1, "manage.py").chmod(0o755)  # as all files of some shared folders are
    with pytest.raises(Problem, match="nothing to carry"):
        tree.carry()


# Conflicts, and going on after them


@pytest.fixture
def stopped(tree):
    """A tree where a change of part 1 has met another line in part 2."""
    for number in (1, 2, 3):
        tree.put(number, "ok.py", LINES)
    tree.put(2, "a.py", LINES.replace(b"5", b"FIVE"))
    tree.put(3, "a.py", LINES.replace(b"5", b"FIVE") + b"end of 3\n")
    tree.commit()
    tree.put(1, "a.py", LINES.replace(b"5", b"five") + b"end of 1\n")
    tree.put(1, "ok.py", LINES.replace(b"2", b"two"))
    tree.result = tree.carry()
    return tree


def test_a_conflict_stops_it_with_ordinary_markers(stopped):
    assert kinds(stopped.result) == [[("conflict", "a.py"), ("changed", "ok.py")]]
    assert b"4\n<<<<<<< 02-two\nFIVE\n=======\nfive\n>>>>>>> 01-one\n6\n" in stopped.read(2, "a.py")
    assert stopped.read(2, "ok.py") == LINES.replace(b"2", b"two")
    assert stopped.read(3, "ok.py") == LINES


def test_a_conflict_is_named_with_its_part_and_what_to_do(stopped):
    assert stopped.result.conflicts == (
        Change("a.py", "conflict", "resolve what is between the markers"),
    )
    text = "\n".join(render(stopped.result))
    assert "02-two\n  conflict  a.py" in text
    assert "then `tutorial carry 2 --continue`" in text


def test_the_users_conflict_style_is_not_asked_for(tree, monkeypatch):
    git(tree.root, "config", "merge.conflictStyle", "diff3")
    monkeypatch.setattr(tempfile, "tempdir", str(tree.root))  # where git would find that setting
    tree.put(1, "a.py", LINES + b"changed\n")
    assert tree.carry().conflicts
    assert b"|||||||" not in tree.read(2, "a.py")


def test_it_goes_on_with_what_the_conflict_was_mended_to(stopped):
    mended = LINES.replace(b"5", b"Five")
    stopped.put(2, "a.py", mended)
    result = stopped.carry(TWO, resume=True)
    assert kinds(result) == [[("changed", "a.py"), ("changed", "ok.py")]]
    assert stopped.read(3, "a.py") == mended + b"end of 3\n"
    assert stopped.read(3, "ok.py") == LINES.replace(b"2", b"two")
    assert stopped.read(1, "a.py") == LINES.replace(b"5", b"five") + b"end of 1\n"
    assert "Carried up to 03-three" in render(result)[-1]


def test_it_does_not_go_on_while_there_are_markers(stopped):
    before = stopped.everything()
    with pytest.raises(Problem, match=r"still conflict markers in 02-two: a\.py"):
        stopped.carry(TWO, resume=True)
    assert stopped.everything() == before


def test_it_does_not_go_on_into_uncommitted_changes(stopped):
    stopped.put(2, "a.py", LINES)
    stopped.put(3, "new.py", b"\n")
    with pytest.raises(Problem, match="uncommitted changes in 03-three"):
        stopped.carry(TWO, resume=True)


def test_a_conflict_in_the_last_part_ends_with_the_same_command(tree):
    tree.put(2, "a.py", LINES + b"changed\n")
    result = tree.carry(TWO)
    assert "`tutorial carry 3 --continue`" in render(result)[-1]
    tree.put(3, "a.py", LINES + b"mended\n")
    result = tree.carry(THREE, resume=True)
    assert result.merges == ()
    assert "Carried up to 03-three" in render(result)[-1]


# Refusals


def test_starting_again_after_a_conflict_is_refused_and_names_the_way_on(stopped):
    before = stopped.everything()
    with pytest.raises(Problem, match=r"in 02-two.*`tutorial carry 2 --continue`"):
        stopped.carry()
    assert stopped.everything() == before


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_uncommitted_changes_in_another_part_are_refused(tree, number, name):
    tree.put(2, "a.py", b"changed\n")
    tree.put(number, name, b"also changed\n")
    before = tree.everything()
    with pytest.raises(Problem, match=f"uncommitted changes in {LADDER[number - 1].slug}"):
        tree.carry(TWO)
    assert tree.everything() == before


def test_uncommitted_changes_outside_the_parts_are_nobodys_business(tree):
    (tree.root / "README.md").write_bytes(b"new\n")
    tree.put(1, "b.py", b"b\n")
    assert kinds(tree.carry()) == [[("added", "b.py")]] * 2


@pytest.mark.parametrize("resume", [False, True])
def test_no_change_is_nothing_to_carry(tree, resume):
    with pytest.raises(Problem, match="01-one is as it was in HEAD"):
        tree.carry(resume=resume)


def test_the_last_part_has_nobody_to_carry_to(tree):
    tree.put(3, "a.py", b"changed\n")
    with pytest.raises(Problem, match="No part comes after 03-three"):
        tree.carry(THREE)


def test_an_unknown_commit_is_said_to_be_unknown(tree):
    with pytest.raises(Problem, match="no commit 'nowhere'"):
        tree.carry(since="nowhere")


def test_a_part_that_was_never_committed_is_not_taken_for_a_change(tree):
    git(tree.root, "rm", "-r", "--quiet", "--cached", "parts/01-one")
    git(tree.root, "commit", "--quiet", "--message", "without part 1")
    with pytest.raises(Problem, match="Commit it whole first"):
        tree.carry()


def test_a_part_that_is_not_written_yet_is_passed_over(tree):
    git(tree.root, "rm", "-r", "--quiet", "parts/02-two")
    tree.commit()
    tree.put(1, "b.py", b"b\n")
    assert [merge.part for merge in tree.carry().merges] == [THREE]


# Dry run, and writing


@pytest.mark.parametrize("change", [b"2\n", b"changed\n"])
def test_a_dry_run_says_what_the_run_then_does_and_writes_nothing(tree, change):
    tree.put(1, "a.py", LINES + change)  # a conflict
    tree.put(1, "b.py", b"b\n")
    tree.path(1, "manage.py").unlink()
    before, status = tree.everything(), git(tree.root, "status", "--porcelain")
    dry = tree.carry(dry_run=True)
    assert tree.everything() == before
    assert git(tree.root, "status", "--porcelain") == status
    assert kinds(dry) == [[("conflict", "a.py"), ("added", "b.py"), ("deleted", "manage.py")]]
    assert render(dry)[-1] == "Nothing has been written."
    assert tree.carry().merges == dry.merges


def test_a_dry_run_goes_all_the_way(tree):
    tree.put(1, "b.py", b"b\n")
    assert kinds(tree.carry(dry_run=True)) == [[("added", "b.py")]] * 2


def test_a_file_that_cannot_be_written_is_a_problem_in_words(tree):
    tree.put(2, "b", b"a file where part 1 has a folder\n")
    tree.commit()
    tree.put(1, "b/c.py", b"c\n")
    with pytest.raises(Problem, match="written only in part"):
        tree.carry()
