"""The arithmetic of lateness: properties that hold for any times, rules and clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import policy
from grader.classroom.course_file import Late, LateDays, Rules
from grader.classroom.records import Attempt

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from(
    [LONDON, ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]
)
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
SHARES = st.integers(0, 100).map(lambda percent: percent / 100)
DAYS = st.integers(0, 30)
LATES = st.builds(
    Late,
    days_free=st.none() | DAYS,
    grace_minutes=st.integers(0, 300),
    points_per_day=SHARES,
    last_day=st.none() | DAYS,
    cap=SHARES,
)
SCORES = st.integers(-20, 120).map(float)
quick = settings(max_examples=200)


def _rules(due: datetime, late: Late | None = None, per_day: int | None = None) -> Rules:
    return Rules("a5", due, late=late or Late(), attempts_per_day=per_day)


def _attempt(time: datetime, sha256: str = "", refusal: str = "", number: int = 0) -> Attempt:
    sha256 = "" if refusal else sha256 or str(time)
    return Attempt("a5", "ada", sha256, time, "test", ("ada",), (), refusal, number)


@quick
@given(TIMES, TIMES, st.integers(0, 300), ZONES)
def test_a_submission_lies_between_its_late_days_deadline_and_the_one_before(
    time: datetime, due: datetime, grace: int, zone: ZoneInfo
) -> None:
    days = policy.late_days(time, due, grace, zone)
    deadline = policy.days_after(due, days, zone) + timedelta(minutes=grace)
    assert time <= deadline
    if days:
        assert time > policy.days_after(due, days - 1, zone) + timedelta(minutes=grace)


@quick
@given(TIMES, TIMES, TIMES, ZONES)
def test_later_work_and_an_earlier_deadline_never_mean_fewer_late_days(
    first: datetime, second: datetime, due: datetime, zone: ZoneInfo
) -> None:
    first, second = sorted((first, second))
    days = policy.late_days
    assert days(first, due, 0, zone) <= days(second, due, 0, zone)
    assert days(due, second, 0, zone) <= days(due, first, 0, zone)
    assert days(second, due, 60, zone) <= days(second, due, 0, zone)


@pytest.mark.parametrize(
    ("time", "days"),
    [
        ("2026-10-24T23:59:00+01:00", 0),
        ("2026-10-24T23:59:01+01:00", 1),
        ("2026-10-25T23:59:00+00:00", 1),  # 25 hours later: the clocks went back that night
        ("2026-10-25T23:59:01+00:00", 2),
    ],
)
def test_a_late_day_ends_at_the_same_hour_by_the_clock(time: str, days: int) -> None:
    due = datetime(2026, 10, 24, 23, 59, tzinfo=LONDON)
    assert policy.late_days(datetime.fromisoformat(time), due, 0, LONDON) == days


def test_an_hour_that_a_clock_change_repeats_is_not_mistaken_for_the_first() -> None:
    """01:30 comes twice that night; work of the second one was an hour late for the second one."""
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert policy.late_days(second, second.astimezone(LONDON), 0, LONDON) == 0


@quick
@given(SCORES, st.integers(1, 100).map(float), DAYS, LATES)
def test_points_are_never_negative_and_never_more_than_the_score(
    score: float, out_of: float, paid: int, late: Late
) -> None:
    points = policy.priced(score, out_of, paid, late)
    assert 0 <= points <= max(0, score)
    assert policy.priced(score, out_of, paid + 1, late) <= points
    assert policy.priced(score, out_of, 0, late) == max(0, score)
    if paid:
        assert points <= late.cap * out_of


@quick
@given(DAYS, DAYS, LATES)
def test_free_days_are_the_fewest_that_save_the_most(days: int, usable: int, late: Late) -> None:
    free = policy.free_days(days, usable, late)
    worth = [policy.priced(1.0, 1.0, days - each, late) for each in range(min(days, usable) + 1)]
    assert worth[free] == max(worth)
    assert free == worth.index(max(worth))


@quick
@given(LATES, st.none() | DAYS, DAYS)
def test_no_assignment_uses_more_than_its_own_free_days_or_the_terms(
    late: Late, total: int | None, spent: int
) -> None:
    usable = policy.usable(late, LateDays(total), spent)
    assert 0 <= usable <= (late.days_free if late.days_free is not None else 10**6)
    assert usable <= (max(0, total - spent) if total is not None else late.days_free or 0)


@quick
@given(TIMES, st.lists(TIMES, max_size=5), st.lists(DAYS, max_size=5), ZONES)
def test_an_extension_never_shortens_and_only_the_longest_counts(
    due: datetime, untils: list[datetime], days: list[int], zone: ZoneInfo
) -> None:
    granted = [{"until": each.isoformat()} for each in untils] + [{"days": each} for each in days]
    after = [policy.days_after(due, each, zone) for each in days]
    assert policy.due_for(_rules(due), granted, zone) == max([due, *untils, *after])


@quick
@given(TIMES, TIMES, DAYS, ZONES)
def test_days_of_extension_move_with_the_deadline(
    due: datetime, moved: datetime, days: int, zone: ZoneInfo
) -> None:
    granted = [{"days": days}]
    for each in (due, moved):
        extended = policy.due_for(_rules(each), granted, zone)
        last = policy.late_days(extended, each, 0, zone)
        assert last <= days + 1  # + 1: the hour that a clock change skips
        assert policy.late_days(extended, extended, 0, zone) == 0


@quick
@given(TIMES, st.lists(TIMES, min_size=1, max_size=8), LATES, ZONES)
def test_the_order_in_which_work_is_collected_plays_no_part(
    due: datetime, times: list[datetime], late: Late, zone: ZoneInfo
) -> None:
    attempts = [_attempt(time, number=number) for number, time in enumerate(times)]
    rules = _rules(due, late, per_day=2)
    forth = policy.judge(attempts, rules, due, zone)
    assert policy.judge(reversed(attempts), rules, due, zone) == forth


@quick
@given(TIMES, st.lists(st.tuples(TIMES, st.sampled_from("xyz")), max_size=8))
def test_the_same_files_twice_running_are_one_attempt(
    due: datetime, handed_in: list[tuple[datetime, str]]
) -> None:
    """Collected twice, or pushed again unchanged, work is as old as when it first came."""
    once = [_attempt(time, sha, number=n) for n, (time, sha) in enumerate(handed_in)]
    twice = [*once, *(_attempt(a.submitted_at, a.sha256, number=a.id) for a in once)]
    rules = _rules(due, per_day=1)
    judged = policy.judge(once, rules, due, LONDON)
    assert policy.judge(twice, rules, due, LONDON) == judged
    shas = [each.attempt.sha256 for each in judged]
    assert all(one != other for one, other in pairwise(shas))


@quick
@given(TIMES, st.lists(TIMES, unique=True, max_size=12), st.integers(1, 4), ZONES)
def test_the_first_attempts_of_a_day_count_and_no_more(
    due: datetime, times: list[datetime], per_day: int, zone: ZoneInfo
) -> None:
    judged = policy.judge(map(_attempt, times), _rules(due, per_day=per_day), due, zone)
    by_day: dict[object, list[bool]] = {}
    for each in judged:
        day = each.attempt.submitted_at.astimezone(zone).date()
        by_day.setdefault(day, []).append(not each.refused)
    for counts in by_day.values():
        assert counts == [number < per_day for number in range(len(counts))]


@quick
@given(TIMES, TIMES, LATES, ZONES)
def test_work_counts_until_the_last_late_day(
    due: datetime, time: datetime, late: Late, zone: ZoneInfo
) -> None:
    (judged,) = policy.judge([_attempt(time)], _rules(due, late), due, zone)
    too_late = late.last_day is not None and judged.late_days > late.last_day
    assert bool(judged.refused) == too_late


def test_what_could_not_be_read_uses_up_no_attempt() -> None:
    due = START + timedelta(days=1)
    broken = _attempt(START, refusal="not a zip")
    work = _attempt(START + timedelta(minutes=5))
    judged = policy.judge([broken, work], _rules(due, per_day=1), due, LONDON)
    assert ["not a zip" in judged[0].refused, judged[1].refused] == [True, ""]
