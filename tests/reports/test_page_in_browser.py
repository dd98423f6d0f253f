"""The page in a real Chromium: what it shows, how it filters, and that text of scripts is text.

Without a Chromium these are skipped, unless REQUIRE_BROWSER is set, as CI does: then its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.result import Result, Status
from tests.reports.examples import HOSTILE, RESULTS, written

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

MILLISECONDS = 100_000
expect.set_options(timeout=MILLISECONDS)  # a busy machine is no failure
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"), reason="no Chromium here: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "REQUIRE_BROWSER is set, and there is no Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=MILLISECONDS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which nothing may go wrong, and from which nothing may be asked of anybody."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(MILLISECONDS)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda request: wrong.extend([request.url] * (not request.url.startswith("file:"))))
    yield page
    page.close()
    assert wrong == []


def paths(page: Page) -> list[str]:
    return page.locator("#list .path").all_inner_texts()


def test_what_came_of_a_script_is_shown(page: Page, tmp_path: Path) -> None:
    written(tmp_path, "html", RESULTS)
    page.goto(f"file://{tmp_path}/report.html")
    assert paths(page) == ["spells/broken.lua", "photo.lua", "spells/über uns, 100%.lua", "spells/fine.lua"]
    expect(page.locator("h1")).to_have_text("1 of 4 failed, 1 could not be checked")
    detail = page.locator("#detail")
    expect(detail.locator("h2")).to_have_text("spells/broken.lua")
    expect(detail.locator(".findings li")).to_have_count(3)
    expect(detail.locator("tr.hit td.code")).to_have_text("Agnet.create()")
    expect(detail.locator("tr.hit mark")).to_have_text("Agnet")
    expect(detail.locator("tr.said")).to_have_text("no API has 'Agnet'; is Agent meant?")
    expect(detail.locator(".meters")).to_contain_text("13 MiB of 50 MiB")
    share = "(one) => Number.parseFloat(one.style.width)"
    assert detail.locator(".meters .bar span").first.evaluate(share) == pytest.approx(26)
    expect(detail.locator("pre", has_text="careful")).to_be_visible()
    calls = detail.locator(".calls li")
    assert calls.locator(".label").all_inner_texts() == ["agent.create a", "agent.execute a"]
    assert calls.locator(".track span").nth(1).evaluate("(one) => one.className") == "error"
    assert calls.locator(".track span").nth(1).evaluate(share) == pytest.approx(0.15 / 0.21 * 100, abs=0.1)
    detail.get_by_role("button", name="to line 3").click()
    expect(detail.locator("tr.seek")).to_be_in_viewport()
    page.locator("#list a", has_text="über").click()
    expect(detail.locator("tr.hit mark")).to_have_text("\\u202e")


def test_a_thousand_scripts_open_at_once_and_are_filtered(page: Page, tmp_path: Path) -> None:
    rules = ("unknown-name", "unknown-tool")
    many = [
        Result(f"spells/{number:04}.lua", Status.FAILED if number % 10 == 0 else Status.PASSED,
               "lua" if number % 2 else "python",
               findings=(Finding(rules[number % 20 // 10], Severity.ERROR, f"message {number}"),) * (number % 10 == 0),
               seconds=number / 1000, source="print(1)\n" * 20)
        for number in range(1000)
    ]  # fmt: skip
    written(tmp_path, "html", many)
    page.goto(f"file://{tmp_path}/report.html")
    count = page.locator("#count")
    expect(count).to_have_text("1,000 scripts")
    rows = page.locator("#list a")
    assert rows.count() < 1000  # the others are made when one gets there
    while rows.count() < 1000:
        rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(1000)
    page.get_by_role("button", name="Failed").click()
    expect(count).to_have_text("100 of 1,000 scripts")
    page.select_option("#rule", "unknown-tool")
    expect(count).to_have_text("50 of 1,000 scripts")
    page.fill("#find", "message 11 0990")
    expect(count).to_have_text("0 of 1,000 scripts")
    expect(page.get_by_text("No script is like that.")).to_be_visible()
    page.fill("#find", "MESSAGE 990")
    assert paths(page) == ["spells/0990.lua"]
    page.reload()  # the address holds what was chosen
    assert paths(page) == ["spells/0990.lua"]
    page.get_by_role("button", name="Clear").click()
    page.select_option("#severity", "error")
    expect(count).to_have_text("100 of 1,000 scripts")
    page.select_option("#severity", "")
    page.select_option("#engine", "lua")
    expect(count).to_have_text("500 of 1,000 scripts")
    page.select_option("#order", "slowest")
    assert paths(page)[0] == "spells/0999.lua"


def test_hostile_text_is_shown_and_does_nothing(page: Page, tmp_path: Path) -> None:
    markup = "<img src=x onerror=alert(1)>" + HOSTILE
    found = (
        Finding(markup, Severity.ERROR, markup, Position(1, 1, 1, 29)),
        Finding("far", Severity.WARNING, "far", Position(4, 900_001, 4, 900_005)),
    )
    outcome = {
        "verdict": markup,
        "stdout": markup,
        "error": {"message": markup, "file": markup, "line": 1},
        "value": [markup],
    }
    long = "x" * 900_000 + "HERE" + "x" * 100_000
    written(
        tmp_path,
        "html",
        [Result(markup, Status.FAILED, markup, findings=found, source=f"{markup}\n{long}", outcome=outcome)],
    )
    page.goto(f"file://{tmp_path}/report.html#rule=%3Cb%3E&status=none&path=<img>")
    page.get_by_role("button", name="Clear").click()
    page.locator("#list a").click()
    detail = page.locator("#detail")
    shown = (
        markup.replace("\x1b", "\\x1b")
        .replace("\x00", "\\x00")
        .replace("\u202e", "\\u202e")
        .replace("\ud800", "\\ud800")
    )
    assert detail.locator(".findings .message").first.text_content() == shown
    assert shown in detail.locator("pre").all_text_contents()[0]
    expect(detail.locator("mark.error").first).to_have_text("<img src=x onerror=alert(1)>")
    expect(detail.locator("mark.warning")).to_have_text("HERE")
    assert page.locator("img, article script, article b b, nav script").count() == 0
    assert page.evaluate("document.querySelectorAll('script').length") == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_read_on_a_phone_and_by_keys(page: Page, tmp_path: Path) -> None:
    written(tmp_path, "html", RESULTS)
    page.goto(f"file://{tmp_path}/report.html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.keyboard.press("j")
    expect(page.locator("#detail h2")).to_have_text("photo.lua")
    page.keyboard.press("/")
    page.keyboard.type("fine")
    assert paths(page) == ["spells/fine.lua"]
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#list a")).to_be_focused()
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"file://{tmp_path}/report.html#status=failed")
    expect(page.locator("#detail")).to_be_hidden()
    page.locator("#list a").click()
    expect(page.locator("#detail h2")).to_have_text("spells/broken.lua")
    expect(page.locator("#list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.go_back()
    expect(page.locator("#list a")).to_be_visible()
