"""Equal behaviour has equal fingerprints, up to rounding, and half a line harms nothing."""

from __future__ import annotations

from pathlib import Path

from grader.classroom.fingerprints import FILE, Fingerprints
from grader.classroom.unexplained import fingerprint
from grader.trace import Print
from grader.verdict.diagnosis import Sign


def sign(*numbers: float, message: str = "wrong") -> dict[str, Sign]:
    return {"t": Sign("failed", message, (Print("float32 (2,)", numbers),))}


def test_rounding_makes_no_difference_and_a_value_does() -> None:
    assert fingerprint(sign(0.1234567)) == fingerprint(sign(0.1234571))
    assert fingerprint(sign(0.1234)) != fingerprint(sign(0.2234))
    assert fingerprint(sign(1.0)) != fingerprint(sign(1.0, message="otherwise wrong"))


def test_half_a_line_is_left_out(tmp_path: Path) -> None:
    kept = Fingerprints(tmp_path)
    assert kept.read() == {}
    kept.add("first", {"f": "aa"})
    kept.add("none", {})
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes() + b'{"key": "killed wh')
    kept.add("second", {"g": "bb"})
    assert kept.read() == {"first": {"f": "aa"}, "second": {"g": "bb"}}
