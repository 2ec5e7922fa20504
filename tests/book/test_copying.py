"""What the robot pastes is what the copy buttons copy: clicked in a browser, block by block."""

import pytest

from tutorial.book.copying import copied
from tutorial.book.page import chapter_path, read_page
from tutorial.ladder import find

OPEN = """() => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
}"""
TABS = """(target) => {
    for (let node = document.querySelector(target); node; node = node.parentElement) {
        if (node.matches(".sd-tab-content")) node.previousElementSibling.click();
    }
}"""


def copy(page, button):
    """Click on a copy button, and return the id of its block, the block's text and what came."""
    target = button.get_attribute("data-clipboard-target")
    page.evaluate(TABS, target)
    page.evaluate("navigator.clipboard.writeText('nothing was copied')")
    button.click()
    return page.text_content(target), page.evaluate("navigator.clipboard.readText()")


def pasted(step):
    """What the robot pastes of a step."""
    match step.kind:
        case "new-file" | "whole-file":
            return copied(step.text) if step.text else None
        case "change" | "patch" | "excerpt":
            return None  # it changes the lines, as a person does, or looks at them
        case "python":
            return "\n".join(example.copied for example in step.examples)
        case _ if step.commands:
            return "\n".join(command.copied for command in step.commands)


@pytest.fixture
def page(browser, book):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("number", [1, 4, 7, 10])
def test_the_robot_pastes_what_the_buttons_copy(page, book, number):
    path = chapter_path(find(number))
    page.goto(f"{book}/chapters/{path.stem}.html")
    page.evaluate(OPEN)
    steps = [step for step in read_page(path).steps if pasted(step) is not None]
    kinds = ", ".join(sorted({f"div.step-{step.kind}:has(.copybtn)" for step in steps}))
    boxes = page.locator(kinds).all()
    assert len(boxes) == len(steps)
    for step, box in zip(steps, boxes, strict=True):
        assert f"step-{step.kind}" in box.get_attribute("class")
        _, got = copy(page, box.locator(".copybtn").first)
        assert got == pasted(step), f"{path.name}:{step.line}"


def test_the_rule_is_the_buttons(page, book):
    """Every block of a page, those for PowerShell and the folded ones too."""
    page.goto(f"{book}/chapters/{chapter_path(find(7)).stem}.html")
    page.evaluate(OPEN)
    buttons = page.locator(".copybtn").all()
    texts = [copy(page, button) for button in buttons]
    assert len(texts) > 50
    assert any(got.startswith(r".venv\Scripts") or "\n.venv\\" in got for _, got in texts)
    for text, got in texts:
        assert got == copied(text)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("$ one\noutput\n$ two\n", "one\ntwo"),
        (">>> def f():\n...     return 1\n...\n>>> f()\n1\n", "def f():\n    return 1\n\nf()"),
        (">>> def f():\n...     return 1\n...\n", "def f():\n    return 1\n"),
        ("$ one \\\n  --two\nout\n$ three\n", "one \\\n  --two\nthree"),
        ("PS> one\nout\n\nmore\n", "one\n"),
        ("+new\n-old\n kept\n", "new"),
        ("import os\n\nprint(os)\n", "import os\n\nprint(os)"),
    ],
)
def test_what_is_copied(block, expected):
    assert copied(block) == expected
