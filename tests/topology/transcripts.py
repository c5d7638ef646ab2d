#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What one sees when typing commands while a lab is up: transcripts/*.md, each in a directory with copies of the other
files there.

In a block of a transcript `$ ` begins a command, `? N` is its exit status unless that is 0, and the rest is what it
prints: standard error, then standard output. `[..]` stands for anything within a line, a line `...` for any lines.
That each command is in one of them, or in one of userspace/vnetctl/tests/cmd, is tested with the tool.
`transcripts.py --renew FILE` prints the file with what is printed now, where that differs from what it says.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from lab import vnetctl
from vnettest.ktap import case, defer, equal, note, run

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "transcripts")


def names():
    """The transcripts."""
    return sorted(name for name in os.listdir(FOLDER) if name.endswith(".md"))


def read(name):
    """Lines of text, and commands as tuples of command, status and what they print."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        lines = file.read().split("\n")
    parts, block, command = [], False, None
    for line in lines:
        if line.startswith("```"):
            block, command = not block, None
            parts.append(line)
        elif block and line.startswith("$ "):
            command = [line[2:], 0, []]
            parts.append(command)
        elif command and line.startswith("? ") and not command[2]:
            command[1] = int(line[2:])
        elif command:
            command[2].append(line)
        else:
            parts.append(line)
    return parts


def pattern(lines):
    """A regular expression for what is to be printed."""
    text = ""
    for line in lines:
        if line.strip() == "...":
            text += r"(?:[^\n]*\n)*?"
        else:
            text += ".*".join(re.escape(piece.rstrip() if piece is line else piece) for piece in line.split("[..]"))
            text += r"[ ]*\n"
    return text


def execute(command, directory):
    """Exit status, and the lines that it prints without spaces at their ends."""
    place = {**os.environ, "VNET_KERNEL": "host", "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(["sh", "-c", command], cwd=directory, env=place, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    text = "\n".join(line.rstrip() for line in (done.stderr + done.stdout).split("\n"))
    return done.returncode, text if not text or text.endswith("\n") else text + "\n"


def play(name):
    """Runs the commands of a transcript; yields each part with what came of it."""
    directory = tempfile.mkdtemp()
    defer(shutil.rmtree, directory)
    for file in os.listdir(FOLDER):
        if not file.endswith(".md"):
            shutil.copy(os.path.join(FOLDER, file), directory)
    defer(vnetctl, "down", "--all")
    for part in read(name):
        yield part, None if isinstance(part, str) else execute(part[0], directory)


def fits(part, outcome):
    """Whether a command did what its transcript says."""
    lines = list(part[2])
    while lines and not lines[-1]:
        lines.pop()
    return outcome[0] == part[1] and re.fullmatch(pattern(lines), re.sub(r"\n+\Z", "\n", outcome[1])) is not None


def renew(name):
    """Prints the transcript as it is now."""
    for part, outcome in play(name):
        if outcome is None:
            print(part)
            continue
        print(f"$ {part[0]}")
        if fits(part, outcome):
            status, text = part[1], "\n".join(part[2]).rstrip("\n")
        else:
            status, text = outcome[0], outcome[1].rstrip("\n")
        print(*([f"? {status}"] if status else []), *([text] if text else []), sep="\n", end="\n\n" if status or text else "\n")


@case("commands and what they print", *names())
def transcript(name):
    """One after the other."""
    for part, outcome in play(name):
        if outcome is not None and not fits(part, outcome):
            note(f"$ {part[0]}\n? {outcome[0]}\n{outcome[1]}")
            equal(outcome, (part[1], "\n".join(part[2])), part[0])


if "--renew" in sys.argv:
    renew(sys.argv[-1])
else:
    run()
