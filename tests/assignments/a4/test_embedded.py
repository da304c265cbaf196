"""The embedded data keep their promises: right both ways, and held out by value."""

from __future__ import annotations

import datetime
import re
from collections import Counter

import pytest

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

GIVEN = CHECKOUT / "a4_nmt" / "given"
with flat_imports(GIVEN):
    import embedded
    import numerals

CORPORA = [("standard", 0), ("tiny", 0), ("tiny", 1), ("tiny", 2), ("tiny", 3)]
DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
UNITS = {"十": 10, "百": 100, "千": 1000}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
WORDS = {word: n for n, word in enumerate(numerals.ONES)}
WORDS |= {word: 10 * n for n, word in enumerate(numerals.TENS, 2)}
VALUES = r"[零〇一二两三四五六七八九十百千万年月日点分刻半元角星期早晚凌晨上下中午]+"


@pytest.fixture(scope="module", params=CORPORA, ids=lambda each: f"{each[0]} {each[1]}")
def corpus(request):
    return embedded.build(*request.param)


def read_chinese(text: str) -> int:
    """A Chinese numeral's value, read by the rules and not by how it was made."""
    total = section = digit = 0
    for char in text:
        if char in DIGITS:
            digit = DIGITS[char]
        elif char == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * UNITS[char], 0
    return total + section + digit


def read_english(text: str) -> int:
    """The value of an English number in words."""
    total = part = 0
    for word in text.replace("-", " ").split():
        if word == "hundred":
            part *= 100
        elif word in SCALES:
            total, part = total + part * SCALES[word], 0
        elif word != "and":
            part += WORDS[word]
    return total + part


def read_time(text: str) -> tuple[int, int]:
    """A Chinese time of the day on the clock: hour from 1 to 12, and minute."""
    hour, minute = re.fullmatch(r"..(.+)点(.*)", text).groups()
    named = {"": 0, "一刻": 15, "半": 30, "三刻": 45}
    return read_chinese(hour), named.get(minute) or read_chinese(minute.removesuffix("分") or "零")


def read_english_time(text: str) -> tuple[int, int]:
    if text == "noon":
        return 12, 0
    text = re.sub(r" in the .*|a (?=quarter)| minutes?", "", text)
    if text.endswith(" o'clock"):
        return WORDS[text.split()[0]], 0
    distance, way, hour = text.split()
    minutes = {"quarter": 15, "half": 30}.get(distance) or read_english(distance)
    if way == "past":
        return WORDS[hour], minutes
    return (WORDS[hour] - 2) % 12 + 1, 60 - minutes


def read_date(text: str) -> datetime.date:
    year, month, day = re.match(r"(.+)年(.+)月([^日]+)日", text).groups()
    digits = "".join(str(DIGITS[char]) for char in year)
    return datetime.date(int(digits), read_chinese(month), read_chinese(day))


def read_price(text: str) -> int:
    yuan, jiao, fen = re.fullmatch(r"(.+)元(?:(.)角|零)?(?:(.)分)?", text).groups()
    return read_chinese(yuan) * 100 + 10 * DIGITS[jiao or "零"] + DIGITS[fen or "零"]


def of_kind(corpus, kind: str) -> list:
    return [e for split in embedded.SPLITS for e in getattr(corpus, split) if e.kind == kind]


@pytest.mark.parametrize("n", [0, 10, 12, 20, 105, 110, 999, 1000, 1010, 2002, 99_999_999])
def test_numbers_at_the_edges(n):
    assert read_chinese(numerals.number(n).chinese) == n
    assert read_english(numerals.number(n).english) == n


@pytest.mark.parametrize(
    ("made", "chinese", "english"),
    [
        (numerals.number(12_345_678), "一千二百三十四万五千六百七十八", None),
        (numerals.number(10_005), "一万零五", "ten thousand and five"),
        (numerals.number(222), "二百二十二", "two hundred and twenty-two"),
        (numerals.time_of_day(15, 15), "下午三点一刻", "a quarter past three in the afternoon"),
        (numerals.time_of_day(17, 40), "下午五点四十分", "twenty to six in the afternoon"),
        (numerals.time_of_day(12, 0), "中午十二点", "noon"),
        (numerals.time_of_day(14, 1), "下午两点零一分", "one minute past two in the afternoon"),
        (numerals.date(datetime.date(1998, 3, 3)), "一九九八年三月三日", "3 March 1998"),
        (
            numerals.date(datetime.date(2003, 10, 21), weekday=True),
            "二〇〇三年十月二十一日星期二",
            "Tuesday, 21 October 2003",
        ),
        (numerals.price(300_550), "三千零五元五角", "three thousand and five yuan and fifty fen"),
        (numerals.price(1_205), "十二元零五分", "twelve yuan and five fen"),
        (numerals.count(2), "两", "two"),
    ],
)
def test_known_expressions(made, chinese, english):
    assert made.chinese == chinese
    assert english is None or made.english == english


def test_every_number_is_the_same_in_both_languages(corpus):
    for example in of_kind(corpus, "number"):
        value = read_chinese(example.source)
        assert all(read_english(reference) == value for reference in example.references)


def test_every_time_is_the_same_in_both_languages(corpus):
    for example in of_kind(corpus, "time"):
        assert read_time(example.source) == read_english_time(example.references[0])
        in_digits, half = example.references[1].split()
        assert tuple(map(int, in_digits.split(":"))) == read_time(example.source)
        assert (half == "am") == (example.source[:2] in ("凌晨", "早上", "上午"))


def test_every_date_is_the_same_in_both_languages_with_its_true_weekday(corpus):
    for example in of_kind(corpus, "date"):
        day = read_date(example.source)
        british, american = example.references
        assert british.endswith(f"{day.day} {day:%B} {day.year}")
        assert american.endswith(f"{day:%B} {day.day}, {day.year}")
        if "星期" in example.source:
            assert example.source[-1] == "一二三四五六日"[day.weekday()]
            assert british.startswith(f"{day:%A}, ") and american.startswith(f"{day:%A}, ")


def test_every_price_is_the_same_in_both_languages(corpus):
    for example in of_kind(corpus, "price"):
        fen = read_price(example.source)
        yuan, _, rest = example.references[0].partition(" yuan")
        assert read_english(yuan) * 100 + read_english(rest.removesuffix(" fen")) == fen
        for reference in example.references[1:]:
            amount = reference.replace("yuan", "").replace("RMB", "").replace(",", "")
            assert round(float(amount) * 100) == fen


def test_a_source_has_one_translation_to_learn_and_one_only(corpus):
    pairs = {
        (e.source, e.references[0]) for split in embedded.SPLITS for e in getattr(corpus, split)
    }
    assert max(Counter(source for source, _ in pairs).values()) == 1
    assert max(Counter(english for _, english in pairs).values()) == 1


def test_nothing_held_out_was_trained_on_not_even_inside_a_sentence(corpus):
    """Numbers below a hundred are excepted: the others are made of them."""
    values = {}
    for split in embedded.SPLITS:
        found = {v for e in getattr(corpus, split) for v in re.findall(VALUES, e.source)}
        found = {value for value in found if not _small(value)}
        values[split] = {value for value in found if len(value) > 2}
    assert not values["train"] & (values["dev"] | values["test"])
    assert not values["dev"] & values["test"]


def _small(text: str) -> bool:
    return set(text) <= DIGITS.keys() | UNITS.keys() | {"万"} and read_chinese(text) < 100


def test_the_kinds_have_the_sizes_that_were_asked_for():
    corpus = embedded.build("standard")
    for split in embedded.SPLITS:
        size = embedded.SIZES["standard"]
        wanted = size.train if split == "train" else size.held_out
        counts = Counter(example.kind for example in getattr(corpus, split))
        assert tuple(counts[kind] for kind in embedded.KINDS) == wanted


def test_the_same_size_and_seed_give_the_same_text():
    assert embedded.build("tiny", 3) == embedded.build("tiny", 3)
    assert embedded.build("tiny", 3) != embedded.build("tiny", 4)


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="'huge' is not a size: choose one of standard, tiny"):
        embedded.build("huge")
    with pytest.raises(ValueError, match="100000000 is not a whole number from 0 to 99,999,999"):
        numerals.number(10**8)
    with pytest.raises(ValueError, match="0:10 is not a time from 1:00 to 23:59"):
        numerals.time_of_day(0, 10)
    with pytest.raises(ValueError, match="99 fen are not a price"):
        numerals.price(99)


def test_the_command_writes_the_files(tmp_path):
    assert embedded.main([str(tmp_path / "texts")]) == 0
    files = sorted((tmp_path / "texts").iterdir())
    assert {path.name: path.read_text(encoding="utf-8") for path in files} == (
        embedded.build().files()
    )
