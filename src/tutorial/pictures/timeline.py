"""Draw the README's timeline: `python -m tutorial.pictures.timeline`.

It is a real run: a session on part 7's server, and the picture that the notebooks draw of it.
"""

from __future__ import annotations

import requests

from tutorial.ladder import ROOT, first
from tutorial.notebook import lesson

PICTURE = ROOT / "docs" / "_static" / "timeline.svg"
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
    html = lesson.timeline(responses, "access").html
    svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
    # On a page of its own the picture brings its colours along.
    svg = svg.replace('style="', 'style="background: #ffffff; color: #1f2328; ', 1)
    PICTURE.write_text(svg + "\n", encoding="utf-8", newline="\n")
    print(f"{PICTURE.relative_to(ROOT)}  {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
