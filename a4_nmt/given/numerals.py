"""Whole numbers, dates, times and prices in Chinese and in English. Given: nothing to write here.

The two languages order and group differently: Chinese counts in ten thousands (万) and English in
thousands; a Chinese date is year, month, day, an English one "3 March 1998"; a Chinese time begins
with the part of the day, which ends an English one.

    number(12_345)       # 一万两千三百四十五, "twelve thousand three hundred and forty-five"
    time_of_day(15, 15)  # 下午三点一刻, "a quarter past three in the afternoon"

An `Expression` has one English form that is to be learned, and other right ones.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

DIGITS = "零一二三四五六七八九"
YEAR_DIGITS = "〇一二三四五六七八九"
UNITS = ("", "十", "百", "千")
WAN = 10_000
LARGEST = WAN**2 - 1  # from 亿 on another unit would be needed


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ONES = _words(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen"""
)
TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
SCALES = ((10**6, "million"), (1000, "thousand"), (100, "hundred"))
MONTHS = _words(
    """January February March April May June July August September October November December"""
)
WEEKDAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
# (first hour, in Chinese, in English). Nobody says 中午 of another hour than twelve.
DAY_PARTS = (
    (18, "晚上", "in the evening"),
    (13, "下午", "in the afternoon"),
    (12, "中午", "in the afternoon"),
    (9, "上午", "in the morning"),
    (6, "早上", "in the morning"),
    (1, "凌晨", "in the early morning"),
)
FIRST_HOUR, NOON = 1, 12


@dataclass(frozen=True)
class Expression:
    """The same in both languages. other: further right English forms, used as references."""

    chinese: str
    english: str
    other: tuple[str, ...] = ()


def number(n: int) -> Expression:
    """A whole number from 0 to LARGEST, in words. Raises ValueError for others."""
    english = english_number(n)
    american = english.replace(" and ", " ")
    return Expression(chinese_number(n), english, () if american == english else (american,))


def date(day: datetime.date, weekday: bool = False) -> Expression:
    """A date after the year 999, with the day of the week if `weekday`."""
    year = "".join(YEAR_DIGITS[int(digit)] for digit in str(day.year))
    chinese = f"{year}年{chinese_number(day.month)}月{chinese_number(day.day)}日"
    month = MONTHS[day.month - 1]
    forms = [f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}"]
    if weekday:
        chinese += f"星期{'一二三四五六日'[day.weekday()]}"
        forms = [f"{WEEKDAYS[day.weekday()]}, {form}" for form in forms]
    return Expression(chinese, forms[0], (forms[1],))


def time_of_day(hour: int, minute: int) -> Expression:
    """A time from FIRST_HOUR to 23:59. Raises ValueError for others."""
    if not (FIRST_HOUR <= hour <= 23 and 0 <= minute <= 59):
        raise ValueError(f"{hour}:{minute} is not a time from {FIRST_HOUR}:00 to 23:59")
    part, of_the_day = next(words for first, *words in DAY_PARTS if hour >= first)
    chinese = f"{part}{_counted((hour - 1) % 12 + 1)}点{_chinese_minutes(minute)}"
    digits = f"{(hour - 1) % 12 + 1}:{minute:02} {'am' if hour < NOON else 'pm'}"
    if (hour, minute) == (NOON, 0):
        return Expression(chinese, "noon", (digits,))
    return Expression(chinese, f"{_english_time(hour, minute)} {of_the_day}", (digits,))


def price(fen: int) -> Expression:
    """A price in fen, from one yuan, which is 100 fen. Ten fen are a jiao, which English lacks.

    Raises ValueError for others.
    """
    yuan, rest = divmod(fen, 100)
    if not 1 <= yuan <= LARGEST:
        raise ValueError(f"{fen} fen are not a price from 1 to {LARGEST:,} yuan")
    jiao, single = divmod(rest, 10)
    chinese = _counted(yuan) + "元"
    if rest:
        chinese += f"{DIGITS[jiao]}角" if jiao else "零"
    if single:
        chinese += f"{DIGITS[single]}分"
    words = f"{english_number(yuan)} yuan"
    words += f" and {english_number(rest)} fen" if rest else ""
    amount = f"{yuan:,}.{rest:02}" if rest else f"{yuan:,}"
    return Expression(chinese, words, (f"{amount} yuan", f"RMB {amount}"))


def count(n: int) -> Expression:
    """A number before a measure word, as in 两本书: two is 两 there."""
    return replace(number(n), chinese=_counted(n))


def chinese_number(n: int) -> str:
    """A whole number in Chinese numerals. Raises ValueError unless 0 <= n <= LARGEST."""
    if not 0 <= n <= LARGEST:
        raise ValueError(f"{n} is not a whole number from 0 to {LARGEST:,}")
    high, low = divmod(n, WAN)
    if not high:
        words = _section(low)
    else:
        # 零 stands for any run of zeros between two digits.
        between = "零" if 0 < low < WAN // 10 else ""
        words = f"{_counted(high)}万{between}{_section(low) if low else ''}"
    return words.removeprefix("一") if words.startswith("一十") else words


def english_number(n: int) -> str:
    """A whole number below a thousand million in English words."""
    if n < len(ONES):
        return ONES[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")
    size, word = next(scale for scale in SCALES if n >= scale[0])
    high, low = divmod(n, size)
    head = f"{english_number(high)} {word}"
    if not low:
        return head
    return f"{head} and {english_number(low)}" if low < 100 else f"{head} {english_number(low)}"


def _section(n: int) -> str:
    """A number below WAN, with 一十 for ten; two thousand is 两千."""
    if n == 0:
        return DIGITS[0]
    words, skipped = "", False
    for power in (3, 2, 1, 0):
        digit = n // 10**power % 10
        if digit:
            words += "零" if skipped and words else ""
            words += ("两" if (digit, power) == (2, 3) else DIGITS[digit]) + UNITS[power]
        skipped = digit == 0
    return words


def _counted(n: int) -> str:
    return "两" if n == 2 else chinese_number(n)


def _chinese_minutes(minute: int) -> str:
    words = {0: "", 15: "一刻", 30: "半", 45: "三刻"}
    zero = "零" if minute < 10 else ""
    return words.get(minute, f"{zero}{chinese_number(minute)}分")


def _english_time(hour: int, minute: int) -> str:
    """As "twenty to six" and "seven minutes past three": from 31 on, to the next hour."""
    if minute == 0:
        return f"{_english_hour(hour)} o'clock"
    late = minute > 30
    distance = 60 - minute if late else minute
    words = {15: "a quarter", 30: "half"}.get(distance, english_number(distance))
    if distance % 5:
        words += " minute" if distance == 1 else " minutes"
    return f"{words} {'to' if late else 'past'} {_english_hour(hour + late)}"


def _english_hour(hour: int) -> str:
    return ONES[(hour - 1) % 12 + 1]
