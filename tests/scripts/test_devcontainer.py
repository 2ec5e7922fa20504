"""The dev container: nobody here can open it, so its keys and its commands are looked at."""

import json
import re
import shlex

from tutorial.lab.server import PORT
from tutorial.ladder import ROOT

FOLDER = ROOT / ".devcontainer"
# Of the specification (containers.dev, "Dev Container metadata reference"), those that we use.
KNOWN = {
    "name": str,
    "image": str,
    "onCreateCommand": str,
    "remoteEnv": dict,
    "forwardPorts": list,
    "portsAttributes": dict,
}


def test_it_runs_the_readmes_first_command_and_forwards_both_ports():
    text = (FOLDER / "devcontainer.json").read_text(encoding="utf-8")
    content = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    assert {key: type(value) for key, value in content.items()} == KNOWN
    commands = re.findall(r"^\$ (.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert content["onCreateCommand"] == commands[0]
    interpreter, script = shlex.split(content["onCreateCommand"])
    assert interpreter == "python3" and (ROOT / script).is_file()
    assert content["forwardPorts"] == [8000, PORT]
    assert set(content["portsAttributes"]) == {str(port) for port in content["forwardPorts"]}
    for attributes in content["portsAttributes"].values():
        assert set(attributes) == {"label", "onAutoForward"}
    assert re.search(r"python:3\.(\d+)", content["image"])
    assert ".venv/bin" in content["remoteEnv"]["PATH"]


def test_it_says_that_it_is_untested_in_the_real_service():
    assert "Nobody has opened it in the real service" in (FOLDER / "devcontainer.json").read_text(
        encoding="utf-8"
    )
