"""What holds for the grades of any class, whatever was handed in, decided and moved."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.course_file import Course, Late, LateDays, Rules
from grader.classroom.gradebook import Book
from grader.classroom.records import Attempt
from tests.grader.classroom.books import attempt, book_of, event, first

quick = settings(max_examples=200)
LATES = st.builds(
    Late,
    days_free=st.none() | st.integers(0, 4),
    grace_minutes=st.integers(0, 90),
    points_per_day=st.integers(0, 20).map(lambda each: each / 20),
    last_day=st.none() | st.integers(0, 6),
    cap=st.integers(0, 10).map(lambda each: each / 10),
)
WORK = st.lists(
    st.tuples(
        st.integers(-100, 200), st.sampled_from("uvwxyz"), st.sampled_from(["ada", "group:red"])
    ),
    max_size=6,
)
POINTS = st.fixed_dictionaries({sha: st.integers(0, 100).map(float) for sha in "uvwxyz"})
COUNTS = st.sampled_from(["latest", "best", "all"])
TOTALS = st.none() | st.integers(0, 6)


@quick
@given(WORK, POINTS, LATES, COUNTS, TOTALS)
def test_any_class_gives_sound_grades(
    work: list[tuple[int, str, str]],
    points: dict[str, float],
    late: Late,
    counts: str,
    total: int | None,
) -> None:
    """Never negative, never more than the tests gave; a second look gives the same."""
    attempts = [attempt(*each) for each in work]
    book = book_of(attempts, points, total=total, late=late, counts=counts)
    for entry in book.entries():
        if entry.status == "graded":
            assert entry.raw is not None
            assert entry.points is not None
            assert 0 <= entry.points <= entry.raw + 1e-9
            assert abs(sum(earned for earned, _ in entry.parts.values()) - entry.raw) < 0.001
        else:
            assert (entry.status, entry.points) == ("missing", None)
    assert book.entries() == book.entries()
    backwards = book_of(attempts[::-1], points, total=total, late=late, counts=counts)
    if len({hours for hours, _, _ in work}) == len(work):
        assert backwards.entries() == book.entries()


@quick
@given(WORK, POINTS, LATES, TOTALS, st.integers(0, 9), COUNTS)
def test_an_extension_never_costs_points(
    work: list[tuple[int, str, str]],
    points: dict[str, float],
    late: Late,
    total: int | None,
    days: int,
    counts: str,
) -> None:
    """But for `latest` and `all`, in which late work may come to count that did not."""
    attempts = [attempt(*each) for each in work]
    if counts != "best":
        late = Late(late.days_free, late.grace_minutes, late.points_per_day, None, late.cap)
    rules = {"total": total, "late": late, "counts": counts}
    before = first(book_of(attempts, points, **rules))
    after = first(book_of(attempts, points, [event("extend", days=days)], **rules))
    assert (after.points or 0) >= (before.points or 0)
    assert after.late_days <= before.late_days or counts == "best"


@quick
@given(WORK, POINTS, LATES, TOTALS, st.integers(-50, 50), st.integers(0, 30))
def test_a_moved_deadline_is_as_if_it_had_always_been_there(
    work: list[tuple[int, str, str]],
    points: dict[str, float],
    late: Late,
    total: int | None,
    hours: int,
    hand: int,
) -> None:
    """Work and deadline moved together keep every grade; nothing is remembered of before."""
    shift = timedelta(hours=hours - hours % 24)  # whole days, of which none changes the clock
    attempts = [attempt(*each) for each in work]
    events = [event("adjust", part="", points=float(hand))]
    book = book_of(attempts, points, events, total=total, late=late)
    moved = [
        Attempt(**{**vars(each), "submitted_at": each.submitted_at + shift}) for each in attempts
    ]
    other = book_of(moved, points, events, total=total, late=late)
    rules = tuple(
        Rules(**{**vars(each), "due": each.due + shift}) for each in other.course.assignments
    )
    other = Book(**{**vars(other), "course": Course(other.course.course, rules, LateDays(total))})
    numbers = [(each.status, each.points, each.late_days) for each in book.entries()]
    assert [(each.status, each.points, each.late_days) for each in other.entries()] == numbers
