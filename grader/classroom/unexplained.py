"""What a wrong function's tests saw, as a few letters: equal ones come from the same mistake.

Staff find with them the mistakes that many students make and that nobody has described yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from grader.verdict.diagnosis import Sign, signs_of
from grader.verdict.grade import Graded
from grader.verdict.result import State

DIGITS = 3  # significant: float32 sums differ by less from one right way to another


def fingerprints(graded: Graded) -> dict[str, str]:
    """The fingerprints of a grading's wrong functions that no known mistake explains."""
    wrong = [f for f in graded.result.functions if f.state is State.WRONG and not f.diagnosis]
    signs = {function.name: signs_of(function.name, graded.blamer) for function in wrong}
    return {name: fingerprint(own) for name, own in signs.items() if own}


def fingerprint(signs: Mapping[str, Sign]) -> str:
    """16 letters that stand for the signs of one function, {test: sign}."""
    digest = hashlib.sha256()
    for test, sign in sorted(signs.items()):
        prints = [(p.kind, *(f"{n:.{DIGITS - 1}e}" for n in p.numbers)) for p in sign.prints]
        digest.update(msgspec.json.encode((test, sign.outcome, sign.message, prints)))
    return digest.hexdigest()[:16]
