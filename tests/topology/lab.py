# SPDX-License-Identifier: GPL-2.0
"""vnetctl, and what a lab leaves in the system."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time

from vnettest.ktap import defer, equal, true

PLAIN = """
name: {lab}
nodes: {{a: host, b: router, c: host}}
links:
  - {{ends: [a, b], rate: 10mbit, delay: 1ms}}
  - [b, c]
"""


class Result:
    """How a call of vnetctl ended."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


def vnetctl(*args, stdin="", status=0):
    """Runs vnetctl on the guest's own kernel; the status is checked unless it is None."""
    command = ["vnetctl", "--kernel=host", *map(str, args)]
    result = Result(subprocess.run(command, input=stdin, capture_output=True, text=True, check=False))
    if status is not None:
        equal(result.status, status, f"{' '.join(command)}: {result.out}{result.err}")
    return result


def file(text, name="topology.yaml"):
    """A file with this text; it goes with the case."""
    directory = tempfile.mkdtemp()
    defer(shutil.rmtree, directory)
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return path


def up(text, *args, status=0, name="topology.yaml"):
    """Brings a lab up; it is taken down when the case is over."""
    defer(vnetctl, "down", "--all")
    return vnetctl("up", file(text, name), *args, status=status)


def listing(*args):
    """What a command tells as JSON."""
    return json.loads(vnetctl(*args, "--json").out)


def start(*args):
    """A vnetctl that runs beside; killed when the case is over."""
    process = subprocess.Popen(
        ["vnetctl", "--kernel=host", *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )

    def stop():
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        process.stdout.close()

    defer(stop)
    return process


class Terminal:
    """A shell in a node with a terminal of its own."""

    def __init__(self, node):
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.execvp("vnetctl", ["vnetctl", "--kernel=host", "exec", node])
        self.seen = b""
        defer(self.close)

    def type(self, text):
        """Types it."""
        os.write(self.master, text.encode())

    def expect(self, word):
        """Reads until this is seen; what is before it is forgotten."""
        word = word.encode()
        while word not in self.seen:
            true(select.select([self.master], [], [], 20)[0], f"no {word!r} in {self.seen!r}")
            self.seen += os.read(self.master, 4096)
        self.seen = self.seen[self.seen.index(word) + len(word):]

    def wait(self):
        """The status with which it ends."""
        _, result = os.waitpid(self.child, 0)
        self.child = None
        return os.waitstatus_to_exitcode(result)

    def close(self):
        """Ends it, if it has not ended."""
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            self.wait()
        os.close(self.master)


def until(condition, what, limit=20):
    """Looks until something holds; what is looked at has no event to wait for. The longer it takes, the more seldom: in
    simulated time looking is all that takes time.
    """
    begin = time.monotonic()
    while not condition():
        passed = time.monotonic() - begin
        true(passed < limit, f"not in {limit} s: {what}")
        time.sleep(max(0.02, passed / 10))


def children(name):
    """Processes of that name that are the first ones of nodes."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", encoding="utf-8") as handle:
                if handle.read().split("\0")[0] == name:
                    found.append(int(entry))
        except OSError:
            pass
    return found


def remains(lab):
    """What is there of a lab: files, names of namespaces, control groups, processes, links."""
    found = []
    for directory in ("/run/vnet", "/run/netns", "/sys/fs/cgroup/vnet"):
        if os.path.isdir(directory):
            for name in sorted(os.listdir(directory)):
                if name == lab or name.startswith(f"{lab}-"):
                    found.append(f"{directory}/{name}")
    found += [f"process {number}" for number in children("vnet-init")]
    return found
