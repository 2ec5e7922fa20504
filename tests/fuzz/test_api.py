"""Schemathesis against the API, by a schema that is made here, around the part."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from .target import HERE

FOLDER = Path(__file__).parent


ALONE = ["--phases", "examples,coverage,fuzzing"]  # nothing they make is read by another


def rounds(part):
    """Where a logout ends the session at once, those requests come in a round of their own."""
    if not part.has_sessions:
        return [[]]
    ends = f"^({part.logout}|{part.logout_all})$"
    return [["--exclude-path-regex", ends], ["--include-path-regex", ends, *ALONE]]


def test_the_api(target, schema, visitor, tmp_path, pytestconfig):
    """Each operation alone, with data of every kind, and one after another on what they made."""
    for selected in rounds(target.part):
        attack(target, schema, visitor, tmp_path, pytestconfig, selected)


def attack(target, schema, visitor, tmp_path, pytestconfig, selected):
    target.tokens.clear()
    file = tmp_path / "schema.yml"
    file.write_text(yaml.safe_dump(schema), encoding="utf-8")
    amount = ["--max-examples", "12", "--seed", "1", "--generation-deterministic"]
    if pytestconfig.option.long:
        amount = ["--max-time", "900"]
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(file)]
    command += ["--url", target.server.url, "--checks", "not_a_server_error,no_traceback"]
    command += [f"--header={name}: {value}" for name, value in target.header(visitor).items()]
    # What a refused request leaves unread must not be taken for the next one's beginning.
    command += ["--header=Connection: close", *selected]
    command += ["--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off"]
    command += ["--continue-on-failure", "--output-sanitize", "false", "--no-color", *amount]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "FUZZED_LOG": str(target.server.log_path),
        "PYTHONPATH": str(FOLDER),
    }
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    said = run.stdout.replace(target.server.url, HERE) + run.stderr
    for token in re.findall(r"Bearer ([\w.-]{100,})", said)[:1]:
        said = said.replace(token, "$TOKEN")
    if run.returncode:
        said += f"\ntutorial serve {target.part}\n{target.log_in_command(visitor)}"
    print(said)
    assert run.returncode == 0, said
    assert not target.log.new_faults()
