"""The build: pinned inputs, the same site each time, offline, whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tutorial.errors import Problem
from tutorial.ladder import ROOT, first
from tutorial.playground import inputs, wheels
from tutorial.playground.build import LAB, MANIFEST, build, lab_size
from tutorial.project_files import own_files

LARGEST = 13_000_000  # bytes that the lab may download


def manifest_of(site: Path) -> dict:
    return json.loads((site / MANIFEST).read_text(encoding="utf-8"))


def contents(site: Path) -> dict[str, str]:
    return {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.rglob("*")
        if path.is_file()
    }


def test_a_part_and_the_lab_are_byte_for_byte_what_they_are(site: Path) -> None:
    for part in wheels.playable():
        told = manifest_of(site)["parts"][str(part.number)]
        packed = gzip.decompress((site / "engine" / told["project"]["file"]).read_bytes())
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            inside = {name: archive.read(name) for name in archive.namelist()}
        assert inside == {
            f"parts/{part.slug}/{path.as_posix()}": (part.path / path).read_bytes()
            for path in own_files(part.path)
        }
    for path in LAB.iterdir():
        same = (site / "lab" / path.name).read_bytes() == path.read_bytes()
        assert same == (path.name != "transport.js"), path.name


def test_both_transports_have_the_same_functions() -> None:
    theirs = LAB / "transport.js"
    ours = ROOT / "src" / "tutorial" / "playground" / "web" / "transport.js"
    names = [
        sorted(
            line.partition("function ")[2].partition("(")[0] or line.split()[2]
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("export ")
        )
        for path in (theirs, ours)
    ]
    assert names[0] == names[1] == ["ask", "clock", "config", "ready", "whyNoAnswer"]


def test_it_is_small_enough(site: Path) -> None:
    script = gzip.compress((site / "engine" / "pyodide.asm.mjs").read_bytes())
    assert lab_size(manifest_of(site)) + len(script) < LARGEST


def test_licences_are_kept(site: Path) -> None:
    named = {path.name for path in (site / "licences").iterdir()}
    listed = (site / "licences" / "index.txt").read_text(encoding="utf-8")
    for each in wheels.closure([*wheels.packages_of(wheels.playable()[-1]), *wheels.ALWAYS]):
        assert any(name.startswith(f"{each.name}-") for name in named), each.name
        assert f"{each.name} {each.version}" in listed
    for name in ("codemirror", "pyodide"):
        assert f"{name} " in listed
    assert "Mozilla Public License" in (site / "licences" / "pyodide-NOTICE").read_text()


def test_npm_is_pinned_with_hashes_and_node_too() -> None:
    lock = json.loads((inputs.NPM / "package-lock.json").read_text(encoding="utf-8"))
    packages = [each for name, each in lock["packages"].items() if name]
    assert all(each["integrity"].startswith("sha512-") for each in packages)
    assert not any("resolved" in each for each in packages)  # from wherever npm gets packages
    assert (inputs.NPM / "node.txt").read_text(encoding="utf-8").count("--hash=sha256:") > 5


def test_a_second_build_is_the_same_and_needs_no_network(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_command(command: list[str], *more: object, **options: object) -> None:
        raise AssertionError(f"the second build runs {command}")

    monkeypatch.setattr(inputs, "run", no_command)
    again = build(tmp_path / "again").path
    assert contents(again) == contents(site)


def test_two_builds_at_once_do_not_collide(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with ThreadPoolExecutor() as pool:
        for built in [pool.submit(build, out) for _ in range(2)]:
            built.result()
    assert contents(out) == contents(site)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Problem, match="no playground"):
        build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_ctrl_c_leaves_nothing_half_made(site: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tutorial.playground import build, inputs\n"
        "inputs.CACHE = Path(sys.argv[2])\n"
        "build.build(Path(sys.argv[1]), lambda what: print(what, flush=True))"
    )
    # All that a build keeps, but no database: it is stopped while it makes one.
    cache, out = tmp_path / "cache", tmp_path / "out"
    cache.mkdir()
    for kept in inputs.CACHE.iterdir():
        if not kept.name.startswith("state-") and not kept.suffix:
            (cache / kept.name).symlink_to(kept)
    before = {path.name for path in cache.iterdir()}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(out), str(cache)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        while not process.stdout.readline().startswith("part "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert {path.name for path in cache.iterdir()} == before


def test_a_changed_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "constraints", lambda: {"django": "1.0"})
    with pytest.raises(Problem, match=r"constraints\.txt has 1\.0"):
        wheels.installed("django")


def test_a_part_with_a_compiled_package_is_not_for_a_page() -> None:
    compiled = wheels.installed("time-machine")
    assert not wheels.runs_in_a_page(compiled)
    assert wheels.runs_in_a_page(wheels.installed("charset-normalizer"))
    assert first("has_tokens") in wheels.playable()


def test_derived_keys_are_those_of_openssl(site: Path) -> None:
    node = inputs.find_node()
    script = """
        import { pbkdf2 } from PBKDF2;
        const cases = JSON.parse(process.argv[1]);
        const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
        const derived = cases.map(([password, salt, iterations, length]) =>
            Buffer.from(pbkdf2(hex(password), hex(salt), iterations, length)).toString("hex"));
        console.log(JSON.stringify(derived));
    """
    source = (ROOT / "src/tutorial/playground/web/engine/pbkdf2.js").read_text(encoding="utf-8")
    url = json.dumps("data:text/javascript," + quote(source))
    sizes = [(0, 0, 1, 32), (10, 22, 1000, 32), (64, 8, 2, 20), (65, 100, 3, 70), (200, 55, 9, 64)]
    cases = [
        (bytes(range(p)).hex(), bytes(range(s)).hex(), rounds, length)
        for p, s, rounds, length in sizes
    ]
    command = [node.node, "--input-type=module", "-e", script.replace("PBKDF2", url)]
    done = subprocess.run(
        [*command, json.dumps(cases)], capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(done.stdout) == [
        hashlib.pbkdf2_hmac(
            "sha256", bytes.fromhex(password), bytes.fromhex(salt), rounds, length
        ).hex()
        for password, salt, rounds, length in cases
    ]
