"""The pages of `grader class similar` in a real browser: opened, followed from side to side."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from course.files import write_all
from grader.classroom import similarity_pages
from grader.classroom.similarity import Class, given_runs
from tests.grader.classroom.test_similarity import GIVEN, OTHER, RENAMED, TRAIN, work


def test_a_reader_gets_from_a_pair_to_a_passage_and_to_the_other_side(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "no Chromium: the pages were not looked at"
        pytest.skip("chromium is not installed: a page cannot be looked at here")
    pairs = Class.of([work("ada", TRAIN), work("bob", OTHER + RENAMED)], [GIVEN]).pairs()
    pages = similarity_pages.render("A toy", pairs, [], given_runs([GIVEN]))
    (tmp_path / "pairs").mkdir()
    write_all(tmp_path, pages)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = running.new_context(offline=True).new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto((tmp_path / "index.html").as_uri())
        page.get_by_role("link", name="side by side").click()
        assert page.get_by_role("heading", level=1).inner_text() == "ada and bob"
        page.locator("table a", has_text="1").click()
        assert page.url.endswith("#l1")
        left, right = page.locator("#l1"), page.locator("#r1")
        assert "def train(model" in left.locator("xpath=../..").inner_text()
        left.click()
        assert page.url.endswith("#r1")
        assert "def train(net" in right.locator("xpath=../..").inner_text()
        assert right.evaluate("e => e.matches(':target')")
        page.set_viewport_size({"width": 400, "height": 800})
        heading = page.get_by_role("columnheader", name="passage")  # once in four lines
        lines = "e => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)"
        assert heading.evaluate(lines) < 2
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        page.get_by_role("link", name="All pairs").click()
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        assert "A score is a place to look" in page.inner_text("main")
        assert problems == []
        running.close()
