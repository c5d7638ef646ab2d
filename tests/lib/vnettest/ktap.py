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


def _run_one(function):
    """Runs a case: (whether it passed, directive)."""
    result = (True, "")
    try:
        function()
    except Skip as reason:
        result = (True, f" # SKIP {reason}")
    except Failure as failure:
        place = traceback.extract_tb(failure.__traceback__)
        lines = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in place[1:]
                 if os.path.basename(f.filename) != "ktap.py"]
        note(f"{failure} ({' < '.join(reversed(lines))})")
        result = (False, "")
    except Exception:  # pylint: disable=broad-exception-caught
        note(traceback.format_exc())
        result = (False, "")
    if undo() is not None:
        result = (False, "")
    for function in _after_each:
        function()
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
