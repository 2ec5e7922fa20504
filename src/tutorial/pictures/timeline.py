"""Draw the README's timeline: `python -m tutorial.pictures.timeline`.

It is a real run: a session on part 7's server, and the picture that the notebooks draw of it.
"""

from __future__ import annotations

import re
from pathlib import Path

import requests

from tutorial.ladder import ROOT, find
from tutorial.notebook import lesson

PICTURE = ROOT / "docs" / "_static" / "timeline.svg"
MINUTE = 60  # seconds


def main(path: Path = PICTURE) -> None:
    part = find(7)
    answers = []

    def ask(method: str, where: str, **options: object) -> requests.Response:
        answer = requests.request(method, lesson.url + where, timeout=30, **options)
        answers.append(answer)
        return answer

    def images() -> None:
        ask("GET", "/image/", headers={"Authorization": f"Bearer {pair['access']}"})

    user = {"username": lesson.username, "password": lesson.password}
    pair = ask("POST", part.login, json=user).json()
    for minutes in (0, 2, 2, 2):
        lesson.let_pass(minutes * MINUTE)
        images()
    for _ in range(2):
        pair = ask("POST", part.refresh, json={"refresh": pair["refresh"]}).json()
        for minutes in (0, 3, 3):
            lesson.let_pass(minutes * MINUTE)
            images()
    svg = re.search(r"<svg.*</svg>", lesson.timeline(answers, "access").html, re.DOTALL)[0]
    # On a page of its own the picture brings its colours along.
    svg = svg.replace('style="', 'style="background: #ffffff; color: #1f2328; ', 1)
    path.write_text(svg + "\n", encoding="utf-8", newline="\n")
    print(f"{path} ({path.stat().st_size / 1024:.0f} kB)")


if __name__ == "__main__":
    main()
