"""Where a change says that it belongs: by lines that a reader can find, and by their number."""

from tutorial.book.changes import Hunk, apply, hunks
from tutorial.book.directives import diff

OLD = ["import os", "", "a = 1", *(f"line {i}" for i in range(9)), "b = 1", "", ""]


def test_lines_are_counted_in_the_file_that_the_reader_has_by_then():
    new = ["import os", "import re", "import sys", *OLD[1:11], "line nine", *OLD[11:]]
    first, second = hunks(OLD, new)
    assert first.start == 0
    assert new[second.start] == second.new[0] == "line 6"
    assert f"⋮ line {second.start + 1}\n line 6\n" in diff("a.py", [first, second])
    assert apply([first, second], OLD) == new


def test_empty_lines_alone_show_no_place():
    (hunk,) = hunks(OLD, [*OLD, "def c():", "    pass"])
    assert hunk.lines[:3] == ((" ", "b = 1"), (" ", ""), (" ", ""))
    assert "⋮ at the end of the file\n b = 1\n" in diff("a.py", [hunk])
    assert apply([hunk], OLD)[-2:] == ["def c():", "    pass"]


def test_a_line_that_goes_is_not_said_to_be_at_the_end():
    (hunk,) = hunks(["a", "b"], ["a", "c"])
    assert "at the end" not in diff("a.py", [hunk])
    (hunk,) = hunks([*"abcdef"], [*"abcdXfY"])
    assert "at the end" not in diff("a.py", [hunk])
    assert diff("a.py", [Hunk(0, ((" ", "a"), ("+", "b")))]).count("⋮") == 0
