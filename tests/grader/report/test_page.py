"""The student's page in a real browser: filters, keyboard, dark mode, a narrow screen, attacks.

The browser is the system's Chromium. Where there is none these tests are skipped, unless
$REQUIRE_BROWSER is set, as it is in CI.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from grader.report import html
from grader.verdict.result import Outcome, Result
from tests.grader.report.results import FULL, made, result

WIDE, NARROW = {"width": 1100, "height": 900}, {"width": 360, "height": 700}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "no Chromium: the pages were not looked at"
        pytest.skip("chromium is not installed: a page cannot be looked at here")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page, which nothing but its own file reaches."""
    context = browser.new_context(viewport=WIDE, offline=True)
    yield context.new_page()
    context.close()


def show(page: Page, shown: Result, folder: Path) -> None:
    path = folder / "page.html"
    path.write_text(html.render(shown), encoding="utf-8")
    page.goto(path.as_uri())


def visible(page: Page) -> set[str]:
    """The sentences of the tests that can be seen."""
    return {row.inner_text() for row in page.locator(".test .title").all() if row.is_visible()}


def test_score_and_sentences_are_seen(page: Page, every: Result, tmp_path: Path) -> None:
    show(page, every, tmp_path)
    assert "6 of 27 points" in (page.locator(".ring").get_attribute("aria-label") or "")
    text = page.locator("body").inner_text()
    assert all(test.title in text for test in every.tests)


def test_the_filters_choose_what_is_shown(page: Page, every: Result, tmp_path: Path) -> None:
    show(page, every, tmp_path)
    everything = visible(page)
    page.locator("label[for=open]").click()
    unsolved = visible(page)
    page.locator("label[for=done]").click()
    solved = visible(page)
    assert len(everything) == len(every.tests)
    assert unsolved | solved == everything and not unsolved & solved
    assert len(solved) == sum(test.outcome in FULL for test in every.tests)
    page.locator("label[for=all]").click()
    assert visible(page) == everything


def test_the_filters_answer_the_keyboard(page: Page, every: Result, tmp_path: Path) -> None:
    show(page, every, tmp_path)
    everything = visible(page)
    for _ in range(30):  # the links of the parts come first
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "pick":
            break
    page.keyboard.press("ArrowRight")
    assert visible(page) < everything
    focused = page.evaluate("document.activeElement.id")
    outline = page.locator(f"label[for={focused}]").evaluate(
        "e => getComputedStyle(e).outlineStyle"
    )
    assert outline == "solid"  # where the focus is can be seen


def contrast(page: Page, selector: str) -> float:
    """Of the element's text against its page, as WCAG counts it: 4.5 is enough for text."""
    colors = page.locator(selector).first.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    )

    def light(color: str) -> float:
        parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted(map(light, colors))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(
    page: Page, every: Result, tmp_path: Path, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    show(page, every, tmp_path)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(background[4:].split(",")[0]) < 128) == (scheme == "dark")
    for selector in ("h1", ".title", ".who", ".outcome"):
        assert contrast(page, selector) >= 4.5, selector


@pytest.mark.parametrize("which", ["every", "hostile"])
def test_a_narrow_screen_needs_no_sideways_scrolling(
    page: Page, which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page.set_viewport_size(NARROW)
    show(page, request.getfixturevalue(which), tmp_path)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"]


def test_a_script_in_a_message_is_inert(page: Page, hostile: Result, tmp_path: Path) -> None:
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    show(page, hostile, tmp_path)
    assert page.title().startswith("0/3: ")  # not "forged"
    assert page.locator("script, img").count() == 0
    assert "<script>document.title='forged'</script>" in page.locator("body").inner_text()
    assert said == []


def test_a_full_page_has_a_picture(page: Page, tmp_path: Path) -> None:
    """A report of many tests is drawn from top to bottom."""
    show(page, result(*(made(Outcome.FAILED, number) for number in range(60))), tmp_path)
    picture = page.screenshot(full_page=True)
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[20:24], "big") > WIDE["height"]
