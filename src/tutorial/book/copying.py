"""What a copy button copies: the book's settings for it, and the same rule for the robot.

The buttons are sphinx-copybutton's, and the rule is its ``formatCopyText`` (in
``copybutton_funcs.js``). ``tests/book/test_copying.py`` clicks on real ones and compares.
"""

from __future__ import annotations

import re

# Commands without their prompts; of a diff, the new lines. `...` alone is an empty line, which
# ends a block of Python: without it, pasting stops at the line that follows.
PROMPTS = r"\$ |PS> |>>> |\.\.\. ?|\+"
GOES_ON = "\\"  # a command that ends with it has another line, which has no prompt


def copied(text: str) -> str:
    """Return what the copy button of a block with this text puts on the clipboard.

    Of a block with prompts, that is what stands behind them, and empty lines; of another one,
    all of it.
    """
    found: list[str] = []
    prompts = False
    goes_on = False
    for line in [*text.rstrip().split("\n"), ""]:  # a page ends every block with a newline
        prompt = re.match(PROMPTS, line)
        if prompt or goes_on:
            found.append(line[prompt.end() :] if prompt else line)
            prompts = prompts or prompt is not None
            goes_on = line.endswith(GOES_ON)
        elif not line.strip():
            found.append(line)
    return ("\n".join(found) if prompts else f"{text.rstrip()}\n").removesuffix("\n")
