"""Short sentences about numbers, dates, times and prices, in Chinese and English. Given code.

sentence(draw, rng).chinese    # 李小姐下午三点一刻到上海。
sentence(draw, rng).english    # Miss Li arrives in Shanghai at a quarter past three in the ...
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from numerals import Expression

Draw = Mapping[str, Callable[[], Expression]]


@dataclass(frozen=True)
class Form:
    """A sentence with a value of a kind in it, and with slots for words."""

    kind: str
    chinese: str
    english: str


@dataclass(frozen=True)
class Person:
    """Who does something, or whom it is done to. s: the ending of the verb."""

    chinese: str
    who: str
    whom: str
    s: str = "s"
    was: str = "was"
    has: str = "has"


@dataclass(frozen=True)
class Thing:
    """Something to count, with its measure word."""

    chinese: str
    measure: str
    one: str
    many: str


# In Chinese a time or date precedes the verb, and a place too unless it is where one goes.
FORMS = (
    Form("date", "{who}{value}出生。", "{who} {was} born on {value}."),
    Form("date", "{who}是{value}到{where}的。", "{who} arrived in {where} on {value}."),
    Form("time", "{who}{value}到{where}。", "{who} arrive{s} in {where} at {value}."),
    Form("time", "{who}{value}离开{where}。", "{who} leave{s} {where} at {value}."),
    Form(
        "time", "{who}{value}在{where}等{whom}。", "{who} wait{s} for {whom} in {where} at {value}."
    ),
    Form("price", "这{measure}{quality}的{thing}{value}。", "This {quality} {one} costs {value}."),
    Form("price", "去{where}的票{value}。", "A ticket to {where} costs {value}."),
    Form("number", "{where}有{value}{measure}{thing}。", "There are {value} {many} in {where}."),
    Form(
        "number",
        "{who}有{value}{measure}{quality}的{thing}。",
        "{who} {has} {value} {quality} {many}.",
    ),
    Form(
        "number",
        "{who}在{where}买了{value}{measure}{thing}。",
        "{who} bought {value} {many} in {where}.",
    ),
)
PEOPLE = (
    Person("我", "I", "me", s="", has="have"),
    Person("你", "you", "you", s="", was="were", has="have"),
    Person("他", "he", "him"),
    Person("她", "she", "her"),
    Person("我们", "we", "us", s="", was="were", has="have"),
    Person("他们", "they", "them", s="", was="were", has="have"),
    Person("王先生", "Mr Wang", "Mr Wang"),
    Person("李小姐", "Miss Li", "Miss Li"),
    Person("老师", "the teacher", "the teacher"),
    Person("医生", "the doctor", "the doctor"),
)
PLACES = {
    "北京": "Beijing",
    "上海": "Shanghai",
    "香港": "Hong Kong",
    "南京": "Nanjing",
    "伦敦": "London",
    "巴黎": "Paris",
    "罗马": "Rome",
    "东京": "Tokyo",
}
QUALITIES = {
    "红色": "red",
    "蓝色": "blue",
    "绿色": "green",
    "新": "new",
    "旧": "old",
    "便宜": "cheap",
}
THINGS = (
    Thing("书", "本", "book", "books"),
    Thing("桌子", "张", "table", "tables"),
    Thing("椅子", "把", "chair", "chairs"),
    Thing("车", "辆", "car", "cars"),
    Thing("船", "艘", "ship", "ships"),
    Thing("帽子", "顶", "hat", "hats"),
    Thing("衬衫", "件", "shirt", "shirts"),
    Thing("裙子", "条", "skirt", "skirts"),
    Thing("房子", "座", "house", "houses"),
    Thing("手表", "块", "watch", "watches"),
)


def sentence(draw: Draw, rng: random.Random) -> Expression:
    """A random sentence. draw: {kind of value: makes one}."""
    form = rng.choice(FORMS)
    value, (who, whom) = draw[form.kind](), rng.sample(PEOPLE, 2)
    where, quality, thing = (rng.choice(list(each)) for each in (PLACES, QUALITIES, THINGS))
    chinese = form.chinese.format(
        who=who.chinese,
        whom=whom.chinese,
        where=where,
        quality=quality,
        thing=thing.chinese,
        measure=thing.measure,
        value=value.chinese,
    )
    words = vars(who) | {"whom": whom.whom, "where": PLACES[where], "quality": QUALITIES[quality]}
    words |= {"one": thing.one, "many": thing.many}
    english = [form.english.format(**words, value=each) for each in (value.english, *value.other)]
    first, *other = (each[0].upper() + each[1:] for each in english)
    return Expression(chinese, first, tuple(other))
