"""Draw the timeline of the README and of the front page: `python -m tutorial.pictures.timeline`.

It is a real run: a session on part 7's server. What it came to is written down; the README's
picture moves it, and the front page draws it when the book is built.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import requests

from tutorial.book.front import RECORD
from tutorial.ladder import ROOT, first
from tutorial.notebook import lesson
from tutorial.notebook.drawing import history
from tutorial.pictures.moving import moving

PICTURE = ROOT / "docs" / "_static" / "moving.svg"
MINUTE = 60  # seconds


def main() -> None:
    part = first("has_tokens")
    responses = []

    def post(url: str, body: dict[str, str]) -> dict[str, str]:
        response = requests.post(lesson.url + url, json=body, timeout=30)
        responses.append(response)
        pair: dict[str, str] = response.json()
        return pair

    def use(access: str) -> None:
        headers = {"Authorization": f"Bearer {access}"}
        responses.append(requests.get(lesson.url + part.protected, headers=headers, timeout=30))

    pair = post(part.login, {"username": lesson.username, "password": lesson.password})
    for minutes in (0, 2, 2, 2):
        lesson.let_pass(minutes * MINUTE)
        use(pair["access"])
    for _ in range(2):
        pair = post(part.refresh, {"refresh": pair["refresh"]})
        for minutes in (0, 3, 3):
            lesson.let_pass(minutes * MINUTE)
            use(pair["access"])
    lives, marks = history(responses)
    start = marks[0].moment
    record = {
        "lives": [
            asdict(life) | {"born": life.born - start, "dies": life.dies - start}
            for life in lives
            if life.name.startswith("access")
        ],
        "requests": [asdict(mark) | {"moment": mark.moment - start} for mark in marks],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8", newline="\n")
    PICTURE.write_text(moving(record), encoding="utf-8", newline="\n")
    for path in (PICTURE, RECORD):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
