"""Reading threads in a real browser: wide and narrow, light and dark, by mouse, by keyboard, without scripts."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

Keep = Callable[[Page, str], None]

WINDOWS = {"wide": (1440, 900), "narrow": (390, 844)}
PAGES = {
    "threads": "/threads",
    "thread": "/threads/weather",
    "step": "/threads/weather?step=weather-answer-san-francisco",
    "steps": "/threads/weather?view=tree",
    "failing": "/threads/failing",
    "running": "/threads/running",
    "words": "/threads/words",
    "nested": "/threads/nested",
    "long": "/threads/long?step=long-120",
    "huge": "/threads/words?step=huge",
    "not-found": "/threads/nope",
    "no-result": "/threads?search=zebra",
}


def assert_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_fits_its_window(browser: Browser, site, keep: Keep, window: str, theme: str) -> None:
    width, height = WINDOWS[window]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, timezone_id="UTC")
    page = context.new_page()
    for name, path in PAGES.items():
        page.goto(site.signed_in(path))
        keep(page, f"{name}-{window}-{theme}")
        assert_nothing_is_wider_than_the_window(page)
    context.close()


def test_a_reader_finds_a_thread_reads_it_and_opens_a_step(page: Page, site) -> None:
    page.goto(site.signed_in("/threads"))
    page.get_by_role("searchbox").fill("weather in paris")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="what's the weather in sf").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("what's the weather in sf")
    expect(page.locator(".message.assistant").first).to_contain_text("17 °C and partly cloudy")
    page.locator("details.tool summary").first.click()
    expect(page.locator("details.tool").first).to_contain_text('"San Francisco"')
    page.locator("[data-tree] a", has_text="get_current_weather").first.click()
    expect(page.locator(".step h2")).to_have_text("get_current_weather")
    expect(page.locator("[data-tree] a[aria-current]")).to_have_count(1)
    page.get_by_role("link", name="Conversation").click()
    expect(page.locator(".message")).to_have_count(4)


def test_the_whole_tree_can_be_walked_by_keyboard(page: Page, site) -> None:
    page.goto(site.signed_in("/threads/nested"))
    names = []
    for _ in range(10):
        with page.expect_navigation():
            page.keyboard.press("j")
        names.append(page.locator(".step h2").inner_text())
    assert names[:3] == ["user", "planner", "researcher"]
    assert len(names) == 10
    with page.expect_navigation():
        page.keyboard.press("k")
    with page.expect_navigation():
        page.keyboard.press("c")
    expect(page.locator(".conversation")).to_be_visible()


def test_a_branch_of_the_tree_folds(page: Page, site) -> None:
    page.goto(site.signed_in("/threads/nested"))
    rows = page.locator("[data-tree] > li:visible")
    expect(rows).to_have_count(10)
    folds = page.get_by_role("button", name="Fold")
    folds.nth(2).click()
    expect(rows).to_have_count(9)
    folds.nth(1).click()
    expect(rows).to_have_count(6)
    folds.nth(1).click()
    expect(rows).to_have_count(9)  # the inner one is still folded
    page.locator("[data-tree] a", has_text="planner").focus()
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(3)


def test_the_step_that_was_chosen_is_in_sight_of_a_long_tree(page: Page, site) -> None:
    page.goto(site.signed_in("/threads/long?step=long-120"))
    expect(page.locator("[data-tree] a[aria-current]")).to_be_in_viewport()


def test_the_first_tab_stop_skips_the_sidebar(page: Page, site) -> None:
    page.goto(site.signed_in("/threads"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_slash_goes_to_the_search(page: Page, site) -> None:
    page.goto(site.signed_in("/threads"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_everything_can_be_read_without_scripts(browser: Browser, site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.signed_in("/threads"))
    page.get_by_role("link", name="Older").click()
    page.get_by_role("link", name="Newer").click()
    page.get_by_role("link", name="what's the weather in sf").click()
    page.locator("details.tool summary").first.click()
    expect(page.locator("details.tool").first).to_contain_text('"San Francisco"')
    page.get_by_role("link", name="Steps").click()
    expect(page.locator(".step h2")).to_have_text("chat")
    page.locator("[data-tree] a", has_text="gpt-4.1-mini").first.click()
    expect(page.locator(".step")).to_contain_text("Input tokens")
    expect(page.locator("button[data-copy]").first).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_on_a_phone_one_thing_is_shown_at_a_time(browser: Browser, site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(site.signed_in("/threads/weather"))
    expect(page.locator(".conversation")).to_be_visible()
    expect(page.locator("[data-tree]")).to_be_hidden()
    page.get_by_role("link", name="Steps").click()
    expect(page.locator("[data-tree]")).to_be_visible()
    page.locator("[data-tree] a", has_text="get_current_weather").first.click()
    expect(page.locator(".step")).to_be_visible()
    expect(page.locator("[data-tree]")).to_be_hidden()
    page.get_by_role("link", name="All steps").click()
    expect(page.locator("[data-tree]")).to_be_visible()
    context.close()


def test_the_theme_that_is_chosen_stays(page: Page, site) -> None:
    page.goto(site.signed_in("/threads"))
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_times_are_told_in_the_readers_own_zone(browser: Browser, site) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(site.signed_in("/threads/weather"))
    expect(page.locator(".message time").first).to_contain_text("18:30")
    context.close()


def test_an_id_is_copied_with_one_click(context: BrowserContext, page: Page, site) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site.signed_in("/threads/weather"))
    page.get_by_role("button", name="Copy the thread's id").click()
    assert page.evaluate("navigator.clipboard.readText()") == "weather"


def test_signing_in_leads_back_to_the_link_somebody_was_sent(page: Page, site, keep: Keep) -> None:
    page.goto(f"{site.url}/threads/weather?step=weather-2")
    keep(page, "sign-in")
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That isn't right")
    page.get_by_label("Token").fill("the-token-of-the-tests")
    page.keyboard.press("Enter")
    expect(page.locator(".step h2")).to_have_text("chat")
    assert page.url == f"{site.url}/threads/weather?step=weather-2"


def test_the_first_lines_on_the_empty_page_send_a_thread(page: Page, empty_site, keep: Keep) -> None:
    """They are copied from the page and run, so they are what a new user would run."""
    page.goto(empty_site.signed_in("/threads"))
    keep(page, "empty")
    lines = page.locator(".code-box pre").inner_text()
    key = (empty_site.data_dir / "api-key").read_text().strip()
    subprocess.run([sys.executable, "-c", lines.replace("lsk_…", key)], check=True, timeout=60, capture_output=True)
    page.reload()
    page.get_by_role("link", name="Hello").click()
    expect(page.locator(".message.user")).to_contain_text("Is anybody there?")
