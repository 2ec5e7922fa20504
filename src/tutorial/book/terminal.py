"""The terminals that the robot reader types into: a shell, and the Python that it opens there.

What is pasted arrives as in a window on a person's screen: line by line or, where the program
asks for it (Python 3.13 does), as one block between two marks. They need a POSIX system.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pexpect

from tutorial.book.page import NEW, OPENS
from tutorial.errors import Problem

PATIENCE = 180  # seconds for one command; pip on a slow network needs some
SIZE = (100, 500)  # lines and columns: wide enough that nothing is wrapped

# Colours, movements of the cursor, and the links that curl puts around URLs.
ESCAPE = r"\x1b(?:\[[0-9;?]*[A-Za-z@]|[=>]|\][^\x07\x1b]*(?:\x07|\x1b\\))"
ANY = f"(?:{ESCAPE})*"
# The shell's prompt says how the last command ended. A prompt is the last thing on the screen.
PS1 = "[$?] \\W $ "
AT_THE_SHELL = rf"(?:\((?P<environment>[\w.-]+)\) )?\[(?P<code>\d+)\] \S+ \$ {ANY}\Z"
AT_PYTHON = rf"(?:\A|\n){ANY}(?P<python>>>>|\.\.\.) {ANY}\Z"

# A program that prints the first takes a paste as one block, until it prints the second.
BLOCKS_ON, BLOCKS_OFF = r"\x1b\[\?2004h", r"\x1b\[\?2004l"


class Terminal:
    """A terminal window: what its prompt shows, and what may be pasted there."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.prompt = ""  # NEW, or an environment's name, or one of Python's; "": something runs
        self.code = 0  # of the last command
        self.waits = False  # Python shows `... `: it waits for the end of a block
        self.takes_blocks = False
        self._child = pexpect.spawn(
            # Without line editing, the echo is what was pasted and nothing else.
            "bash",
            ["--noprofile", "--norc", "--noediting", "-i"],
            cwd=str(folder),
            env={"PS1": PS1, **environment},
            dimensions=SIZE,
            encoding="utf-8",
            codec_errors="replace",
            timeout=PATIENCE,
            # nohup has it ignored, and then a server would outlive its terminal.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        self._child.delaybeforesend = None
        self._wait_for_prompt("bash")

    def paste(self, line: str, answers: Sequence[str] = ()) -> str:
        """Paste a line, press Enter, and return what is shown before the next prompt.

        ``answers`` are typed where it asks for them, with the echo off. Raises Problem when no
        prompt comes in time.
        """
        opens = OPENS.get(line)
        self._child.send(f"{line}\r")
        asked = ""
        for answer in answers:
            self._expect([r": \Z"], line)
            asked += self._shown
            self._child.waitnoecho()  # what comes before, getpass throws away
            self._child.send(f"{answer}\r")
        said = asked + self._wait_for_prompt(line, opens)
        return said.partition("\n")[2]  # without the echo

    def paste_block(self, text: str) -> str:
        """Paste lines as one block, press Enter until Python takes it; return what it shows."""
        last = re.escape(text.rpartition("\n")[2])
        self._child.send(f"\x1b[200~{text}\x1b[201~\r")
        # An indented block needs one Enter more, as several statements do.
        for _ in range(3):
            if self._expect([BLOCKS_OFF, rf"{last}{ANY}\r?\n{ANY}\.\.\. *{ANY}\Z"], text) == 0:
                return self._wait_for_prompt(text)
            last = ""
            self._child.send("\r")
        raise Problem(f"Python waits for more:\n{self._shown[-600:]}")

    def start(self, line: str) -> None:
        """Paste a line that runs on: a server."""
        self.prompt = ""
        self._child.send(f"{line}\r")

    def stop(self) -> None:
        """Press Ctrl-C. Raises Problem when what runs does not end."""
        self._child.sendintr()
        self._wait_for_prompt("Ctrl-C")

    def wait_for(self, patterns: Sequence[str], seconds: float) -> tuple[int, str]:
        """Wait until what runs has said one of these; return which (-1: none), and all it said."""
        try:
            found = self._child.expect([AT_THE_SHELL, *patterns], timeout=seconds) - 1
        except pexpect.TIMEOUT:
            return -1, self._shown
        if found == -1:
            self._take_in()
        return found, self._shown

    def read_all(self) -> str:
        """Return what has been said since, once nothing more comes."""
        return self.wait_for([r"(?!)"], 0.1)[1]

    def close(self) -> None:
        self._child.close(force=True)  # hangs up: whatever still runs in it gets SIGHUP

    @property
    def _shown(self) -> str:
        before = self._child.before if isinstance(self._child.before, str) else ""
        after = self._child.after if isinstance(self._child.after, str) else ""
        return plain(before + after)

    def _expect(self, patterns: Sequence[str], line: str) -> int:
        try:
            found: int = self._child.expect(list(patterns))
        except (pexpect.TIMEOUT, pexpect.EOF):
            raise Problem(f"`{line}` does not end. So far it said:\n{self._shown[-600:]}") from None
        return found

    def _wait_for_prompt(self, line: str, opens: str | None = None) -> str:
        self._expect([AT_THE_SHELL, AT_PYTHON], line)
        said = plain(self._child.before)
        self._take_in(opens)
        return said

    def _take_in(self, opens: str | None = None) -> None:
        """Read the prompt that has come."""
        found = self._child.match.groupdict()
        if "python" in found:
            self.prompt = opens or self.prompt
            self.waits = found["python"] == "..."
            self.takes_blocks = bool(re.search(BLOCKS_ON, self._child.before + self._child.after))
        else:
            self.prompt = found["environment"] or NEW
            self.code = int(found["code"])
            self.waits = self.takes_blocks = False


def plain(text: str) -> str:
    """What a terminal shows, without what only moves and colours it."""
    return re.sub(ESCAPE, "", text).replace("\r\n", "\n").replace("\r", "")
