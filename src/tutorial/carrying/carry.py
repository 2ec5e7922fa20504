"""Carrying a change made in one part through all later parts, by three-way merge.

The change goes along the ladder as in a chain: what part 2 becomes is merged into part 3, what
part 3 becomes by that is merged into part 4. So a later part sees every change in the form that
the part before it gave to it, and a conflict resolved once does not come up again.

Everything is worked out in memory before anything is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tutorial.carrying.snapshots import run_git
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part

CONFLICT_MARKER = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)


@dataclass(frozen=True)
class File:
    """What a file holds, and whether it may be executed."""

    content: bytes
    executable: bool = False

    @property
    def binary(self) -> bool:
        return b"\0" in self.content[:8000]  # as git tells them apart

    @property
    def comparable(self) -> bytes:
        """The content without regard to how its lines end."""
        return self.content if self.binary else self.content.replace(b"\r\n", b"\n")


Files = dict[str, File]  # by path from the part's folder, with forward slashes


@dataclass(frozen=True)
class Change:
    """What happened to one file of a part: changed, added, deleted, or a conflict."""

    path: str
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Merge:
    """What a change did to one later part."""

    part: Part
    changes: tuple[Change, ...]

    @property
    def conflicts(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == "conflict")


@dataclass(frozen=True)
class Carried:
    """How far a change was carried, and what it did on the way."""

    source: Part
    merges: tuple[Merge, ...]
    dry_run: bool

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The conflicts that stopped it: all are in the part merged last."""
        return self.merges[-1].conflicts if self.merges else ()


def carry(
    part: Part,
    *,
    dry_run: bool = False,
    resume: bool = False,
    since: str = "HEAD",
    ladder: Sequence[Part] = LADDER,
    root: Path = ROOT,
) -> Carried:
    """Merge what was changed in a part since a commit into each later part, up to a conflict.

    `resume` continues from a part whose conflicts have been resolved; `dry_run` writes nothing.
    Raises Problem when there is nothing to carry, or it could get mixed up with other changes.
    """
    parts = root / "parts"
    later = [p for p in ladder if p.number > part.number and (parts / p.slug).is_dir()]
    if not later and not resume:
        raise Problem(f"No part comes after {part.slug}, so there is nothing to carry it to.")
    free = {p.slug for p in ladder if resume and p.number < part.number} | {part.slug}
    refuse_other_changes(part, [p for p in ladder if p.slug not in free], root)
    before, after = change_in(part, since, parts / part.slug)

    source = part
    merges: list[Merge] = []
    results: list[tuple[Path, Files, Files]] = []
    for target in later:
        ours = present_files(parts / target.slug)
        merge, merged = merge_part(source, target, before, ours, after, parts / target.slug)
        merges.append(merge)
        results.append((parts / target.slug, ours, merged))
        if merge.conflicts:
            break
        source, before, after = target, ours, merged
    if not dry_run:
        for folder, ours, merged in results:
            write(folder, ours, merged)
    return Carried(part, tuple(merges), dry_run)


def render(carried: Carried) -> list[str]:
    """Return what a person should read about it, line by line."""
    lines: list[str] = []
    for merge in carried.merges:
        lines.append(merge.part.slug)
        for change in merge.changes:
            note = f" ({change.note})" if change.note else ""
            lines.append(f"  {change.kind:<9} {change.path}{note}")
        if not merge.changes:
            lines.append("  nothing to change")
    last = carried.merges[-1].part if carried.merges else carried.source
    if carried.dry_run:
        end = "stop there" if carried.conflicts else "be complete"
        lines.append(f"This is what would happen up to {last.slug}, and it would {end}.")
        lines.append("Nothing has been written.")
    elif carried.conflicts:
        lines.append(
            f"Stopped at {last.slug}: resolve these {len(carried.conflicts)} conflict(s) in "
            f"parts/{last.slug}, then `tutorial carry {last.number} --continue`."
        )
    else:
        lines.append(f"Carried up to {last.slug}. Look at it with `git diff parts`, then commit.")
    return lines


# Refusing


def refuse_other_changes(part: Part, others: Sequence[Part], root: Path) -> None:
    """Raise Problem when one of the other parts differs from the last commit."""
    changed = [
        other
        for other in others
        if run_git(
            "--no-optional-locks",
            "status",
            "--porcelain",
            "--untracked-files=all",
            "--",
            f"parts/{other.slug}",
            cwd=root,
        ).stdout
    ]
    if changed:
        raise Problem(
            f"There are uncommitted changes in {', '.join(other.slug for other in changed)}, which "
            f"a change carried from {part.slug} would be mixed with. Commit or stash them first; "
            "if an earlier carry stopped there at a conflict, resolve it and use "
            f"`tutorial carry {changed[-1].number} --continue`."
        )


def change_in(part: Part, since: str, folder: Path) -> tuple[Files, Files]:
    """Return a part's files at a commit and now; raise Problem if they are no change to carry."""
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}, so there is nothing to carry.")
    commit = ("rev-parse", "--verify", "--quiet", f"{since}^{{commit}}")
    if run_git(*commit, cwd=folder, good=(0, 1)).returncode:
        raise Problem(f"There is no commit {since!r} here to compare {part.slug} with.")
    before, after = committed_files(folder, since), present_files(folder)
    if not before:
        raise Problem(f"{part.slug} is not in the commit {since!r}. Commit it whole first.")
    unresolved = [path for path, file in after.items() if CONFLICT_MARKER.search(file.content)]
    if unresolved:
        raise Problem(
            f"There are still conflict markers in {part.slug}: {', '.join(unresolved)}. "
            "Resolve them, then run this again."
        )
    if not changed_paths(before, after):
        raise Problem(
            f"{part.slug} is as it was in {since}, so there is nothing to carry from it. "
            "(For a change already committed, name the commit before it with `--since`.)"
        )
    return before, after


# Reading


def committed_files(folder: Path, revision: str) -> Files:
    """Return the files that a folder has in a commit. (Links and submodules are left out.)"""
    listing = run_git("ls-tree", "-r", "-z", revision, cwd=folder).stdout
    entries = [entry.split(b"\t", 1) for entry in listing.split(b"\0") if entry.startswith(b"100")]
    blobs = []
    for about, path in entries:
        mode, _, blob = about.split()  # <mode> <type> <blob>
        blobs.append((mode, blob, os.fsdecode(path)))
    wanted = b"".join(blob + b"\n" for _, blob, _ in blobs)
    answer = run_git("cat-file", "--batch", cwd=folder, feed=wanted).stdout
    files: Files = {}
    for mode, _, name in blobs:
        about, _, answer = answer.partition(b"\n")  # <blob> <type> <size>
        size = int(about.split()[2])
        files[name] = File(answer[:size], mode == b"100755")
        answer = answer[size + 1 :]
    return files


def present_files(folder: Path) -> Files:
    """Return the files that a folder has now, tracked or new, but none that git ignores."""
    tracked = run_git("ls-files", "-z", "--stage", cwd=folder).stdout
    new = run_git("ls-files", "-z", "--others", "--exclude-standard", cwd=folder).stdout
    modes = {
        os.fsdecode(path): mode.startswith(b"100755")
        for mode, _, path in (entry.partition(b"\t") for entry in tracked.split(b"\0") if entry)
    }
    paths = [*modes, *(os.fsdecode(path) for path in new.split(b"\0") if path)]
    # Not on Windows, nor on some shared folders: there the file system knows nothing of modes.
    setting = run_git("config", "--type=bool", "core.fileMode", cwd=folder, good=(0, 1)).stdout
    ask_the_file = setting.strip() != b"false"
    files = {}
    for name in paths:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            executable = (
                bool(path.stat().st_mode & 0o100) if ask_the_file else modes.get(name, False)
            )
            files[name] = File(path.read_bytes(), executable)
    return files


# Merging


def changed_paths(before: Files, after: Files) -> list[str]:
    """Return the paths of files added, deleted, or changed in content or mode, in order."""
    return sorted(
        path
        for path in before | after
        if not same(before.get(path), after.get(path))
        or (path in before and before[path].executable != after[path].executable)
    )


def same(one: File | None, other: File | None) -> bool:
    """Tell whether both files hold the same, but for line endings, or neither is there."""
    if one is None or other is None:
        return one is other
    return one.comparable == other.comparable


def merge_part(
    source: Part, target: Part, base: Files, ours: Files, theirs: Files, folder: Path
) -> tuple[Merge, Files]:
    """Merge the source's change, from base to theirs, into the target's files, ours."""
    merged = dict(ours)
    changes: list[Change] = []
    for path in changed_paths(base, theirs):
        mine, new = ours.get(path), theirs.get(path)
        if mine is None and new is not None and (folder / path).exists():
            # Ignored by git or a folder: not ours to replace.
            changes.append(Change(path, "conflict", f"{source.slug} adds it, but it is in use"))
            continue
        result, note = merge_file(base.get(path), mine, new, (target.slug, source.slug))
        if note or result != mine:
            changes.append(Change(path, "conflict" if note else kind_of(mine, result), note))
        if result is None:
            merged.pop(path, None)
        else:
            merged[path] = result
    return Merge(target, tuple(changes)), merged


def kind_of(before: File | None, after: File | None) -> str:
    """Name what happened to a file between two states that differ."""
    if before is None:
        return "added"
    return "deleted" if after is None else "changed"


def merge_file(
    base: File | None, ours: File | None, theirs: File | None, labels: tuple[str, str]
) -> tuple[File | None, str]:
    """Return what a file becomes, and in words the conflict that keeps it from being right.

    The labels name the parts that ours and theirs are from.
    """
    here, there = labels
    if theirs is None:
        if ours is None or same(ours, base):
            return None, ""
        return ours, f"{there} deletes it, but {here} has another one: keep or delete it"
    if ours is None:
        if base is None:
            return theirs, ""
        return None, f"{there} changes it, but {here} does not have it: is the change needed?"
    executable = theirs.executable
    if base is not None and base.executable == theirs.executable:
        executable = ours.executable
    if same(theirs, base) or same(theirs, ours):
        return File(ours.content, executable), ""
    if same(ours, base):
        return File(with_line_ends_of(ours, theirs), executable), ""
    if ours.binary or theirs.binary or (base is not None and base.binary):
        return ours, f"not text, and {there} and {here} differ: choose one"
    content, clashes = merge_text(base or File(b""), ours, theirs, labels)
    merged = File(with_line_ends_of(ours, File(content)), executable)
    return merged, "resolve what is between the markers" if clashes else ""


def merge_text(base: File, ours: File, theirs: File, labels: tuple[str, str]) -> tuple[bytes, int]:
    """Return the merged lines, ending in LF, and the number of conflicts among them."""
    with TemporaryDirectory() as folder:
        names = ("ours", "base", "theirs")
        for name, file in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(file.comparable)
        done = run_git(
            "-c",
            "merge.conflictStyle=merge",
            "merge-file",
            "--stdout",
            "-L",
            labels[0],
            "-L",
            "before",
            "-L",
            labels[1],
            *names,
            cwd=Path(folder),
            good=range(128),  # the number of conflicts; errors are above
        )
    return done.stdout, done.returncode


def with_line_ends_of(ours: File, text: File) -> bytes:
    """Return a text with its lines ending as most lines of ours do."""
    if ours.binary or text.binary:
        return text.content
    mostly_crlf = 2 * ours.content.count(b"\r\n") > ours.content.count(b"\n")
    return text.comparable.replace(b"\n", b"\r\n") if mostly_crlf else text.comparable


# Writing


def write(folder: Path, before: Files, after: Files) -> None:
    """Write the files that differ; raise Problem when one cannot be written."""
    try:
        for name in before.keys() - after.keys():
            remove(folder / name, folder)
        for name, file in after.items():
            old = before.get(name)
            path = folder / name
            if old is None or old.content != file.content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.content)
            if file.executable != (old is not None and old.executable):
                mode = path.stat().st_mode
                path.chmod(mode | 0o111 if file.executable else mode & ~0o111)
    except OSError as error:
        raise Problem(
            f"{folder} has been written only in part: {error}. Fix that, undo what was written "
            f"to the later parts (`git restore` and `git clean`), and carry again."
        ) from error


def remove(path: Path, folder: Path) -> None:
    """Delete a file and the folders that it leaves empty, as git does."""
    path.unlink()
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            break
        parent.rmdir()
