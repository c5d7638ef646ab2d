# SPDX-License-Identifier: GPL-2.0
"""Cases, checks and KTAP output.

    @case("a link delivers what it is given")
    def delivers():
        equal(got, wanted, "frames")

    run()

A case fails when a check fails or anything else is raised; what it put into
defer() is undone afterwards, last first, whatever happened.
"""

import os
import sys
import traceback

_cases = []
_deferred = []


class Failure(Exception):
    """A check that did not hold."""


class HeldUp(Failure):
    """Something came later than it should; the machine may have held up the guest."""


class Skip(Exception):
    """A case that cannot be run here, with the reason."""


def case(title, *parameters):
    """Registers a case; with parameters, one for each of them, appended to the title."""

    def register(function):
        if parameters:
            for parameter in parameters:
                _cases.append((f"{title}: {parameter}", lambda p=parameter: function(p)))
        else:
            _cases.append((title, function))
        return function

    return register


_after_each = []


def defer(undo, *args):
    """Has undo(*args) called when the case is over."""
    _deferred.append((undo, args))


def note(text):
    """A line of diagnosis."""
    for line in str(text).splitlines() or [""]:
        print(f"# {line}", flush=True)


def _fail(text, what):
    raise Failure(f"{what}: {text}" if what else text)


def true(value, what=""):
    """The value is true."""
    if not value:
        _fail(f"{value!r} is not true", what)


def equal(got, wanted, what=""):
    """Both are equal."""
    if got != wanted:
        _fail(f"got {got!r}, not {wanted!r}", what)


def between(got, low, high, what=""):
    """The value is in a closed range."""
    if not low <= got <= high:
        _fail(f"got {got!r}, which is not in {low!r} .. {high!r}", what)


def timely(got, low, high, what=""):
    """The same for a time, in ns: what is too early is wrong, what is too late may be so next time."""
    if got > high:
        raise HeldUp(f"{what}: {got - high} ns later than {high!r}")
    between(got, low, high, what)


def contains(whole, part, what=""):
    """One is part of the other."""
    if part not in whole:
        _fail(f"no {part!r} in {whole!r}", what)


def raises(kind, function, *args, **kwargs):
    """The call raises that kind of exception, which is returned."""
    try:
        result = function(*args, **kwargs)
    except kind as error:
        return error
    return _fail(f"no {kind.__name__}, but {result!r}", getattr(function, "__name__", ""))


def undo():
    """Undoes what was deferred; the first mistake on the way, if any."""
    first = None
    while _deferred:
        undo, args = _deferred.pop()
        try:
            undo(*args)
        except Exception as error:  # pylint: disable=broad-exception-caught
            first = first or error
            note(traceback.format_exc())
    return first


def after_each(function):
    """Has `function` called after each case, when what it deferred has been undone."""
    _after_each.append(function)


# How often a case is tried that something came too late in. A guest shares the machine with others,
# which may stop it for longer than any bound; what is wrong with us is so each time. Simulated time
# waits for nobody.
with open("/proc/cmdline", encoding="ascii") as _file:
    _TRIES = 1 if "time-travel" in _file.read() else 3


def _run_one(function):
    """Runs a case: (whether it passed, directive)."""
    for _ in range(_TRIES - 1):
        try:
            return _try(function)
        except HeldUp as late:
            note(f"once more, since something was held up: {late}")
    return _try(function, last=True)


def _try(function, last=False):
    """Runs a case once; what came too late in it is raised unless this is the last time."""
    held_up = None
    result = (True, "")
    try:
        function()
    except Skip as reason:
        result = (True, f" # SKIP {reason}")
    except Failure as failure:
        held_up = failure if isinstance(failure, HeldUp) else None
        place = traceback.extract_tb(failure.__traceback__)
        lines = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in place[1:]
                 if os.path.basename(f.filename) != "ktap.py"]
        note(f"{failure} ({' < '.join(reversed(lines))})")
        result = (False, "")
    except Exception:  # pylint: disable=broad-exception-caught
        note(traceback.format_exc())
        result = (False, "")
    if undo() is not None:
        held_up, result = None, (False, "")
    for function in _after_each:
        function()
    if held_up and not last:
        raise held_up
    return result


def run():
    """Runs all cases, or those whose titles contain a word of the command line, and exits."""
    words = sys.argv[1:]
    chosen = [c for c in _cases if not words or any(w in c[0] for w in words)]
    print(f"KTAP version 1\n1..{len(chosen)}", flush=True)
    failed = 0
    for number, (title, function) in enumerate(chosen, 1):
        passed, directive = _run_one(function)
        failed += not passed
        title = title.replace("#", "")
        print(f"{'ok' if passed else 'not ok'} {number} {title}{directive}", flush=True)
    sys.exit(1 if failed else 0)
