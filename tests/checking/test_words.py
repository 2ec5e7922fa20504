"""Promises fail in words: whatever a project answers, no promise crashes in its own code."""

import json
import subprocess
import sys

import pytest

from tutorial.ladder import LADDER, ROOT
from tutorial.project_files import clean_copy
from tutorial.running.environment import child_environment

# Another answer to each request than any that was meant.
ANSWERS = {
    "empty": "HttpResponse(b'')",
    "500": "HttpResponse(b'Server error', status=500)",
    "a list": "JsonResponse([1, 'x', None], safe=False)",
    "a string": "JsonResponse('x', safe=False)",
    "nothing": "JsonResponse(None, safe=False)",
    "an object of nothing": "JsonResponse({})",
    "an object of objects": "JsonResponse(Anything())",
    "broken JSON": "HttpResponse(b'{', content_type='application/json')",
    "created": "JsonResponse({}, status=201)",
    "refused": "JsonResponse({}, status=400)",
    "unknown": "JsonResponse([], safe=False, status=401)",
    "forbidden": "JsonResponse({}, status=403)",
    "gone": "HttpResponse(status=204)",
}
MIDDLEWARE = """
from django.http import HttpResponse, JsonResponse


class Anything(dict):
    def __init__(self):
        super().__init__(
            {{
                "count": "x", "results": [{{}}, None], "next": None, "access": 1, "refresh": [],
                "pk": "x", "detail": [], "code": None, "messages": {{}}, "image": None,
                "renditions": [], "user": "x", "name": {{}}, "category": None, "sites": 1,
            }}
        )


class Odd:
    def __init__(self, get_response):
        pass

    def __call__(self, request):
        return {answer}
"""


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_promise_crashes(answer, tmp_path):
    """Only failures in words, of all promises of the last part, and some do fail."""
    part, copy, report = LADDER[-1], tmp_path / "project", tmp_path / "report.jsonl"
    clean_copy(part.path, copy)
    (copy / "medium" / "odd.py").write_text(MIDDLEWARE.format(answer=ANSWERS[answer]), "utf-8")
    settings = copy / "medium" / "settings.py"
    text = settings.read_text("utf-8")
    settings.write_text(
        text.replace("MIDDLEWARE = [", 'MIDDLEWARE = [\n    "medium.odd.Odd",'), "utf-8"
    )
    command = [sys.executable, "-m", "pytest", str(ROOT / "tests" / "checkpoints"), "-q"]
    command += [f"--part={part}", f"--project={copy}", f"--report={report}", "--tb=native"]
    subprocess.run(
        [
            *command,
            "--no-summary",
            "-p",
            "no:cacheprovider",
            f"--config-file={ROOT / 'pyproject.toml'}",
        ],
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        check=False,
    )
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    failed = [line for line in lines if line.get("outcome") == "failed"]
    assert failed, lines[:3]
    crashed = [f"{line['id']}: {line['said']}" for line in failed if line["raised"]]
    assert not crashed, "\n".join(crashed)
