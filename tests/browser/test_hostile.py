"""Markup in every field that a user or a model can fill: none runs, nothing is fetched, no policy has to step in."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ID = quote("evil <script>window.pwned=1</script>\"'", safe="")


@pytest.mark.parametrize(
    "path",
    [
        "/threads",
        "/threads?search=" + quote("<script>window.pwned=1</script>"),
        f"/threads/{ID}",
        f"/threads/{ID}?view=tree",
        f"/threads/{ID}?step={ID}%20step",
        f"/threads/{ID}?step=" + quote("<img src=x onerror=window.pwned=1>"),
        f"/raw/step/{ID}%20step",
        f"/raw/output/{ID}-2",
        "/threads/" + quote("<svg onload=window.pwned=1>"),
        "/login?next=" + quote('"><script>window.pwned=1</script>'),
    ],
    ids=["list", "search", "thread", "steps", "step", "missing-step", "raw-json", "raw-text", "not-found", "sign-in"],
)
def test_nothing_that_was_written_runs(page: Page, site, path: str) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.add_init_script("addEventListener('securitypolicyviolation', (e) => console.log('policy: ' + e.blockedURI))")
    page.goto(site.signed_in(path))
    if not path.startswith("/raw/"):
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        for handler in page.locator("main a[href^='javascript:'], main [onerror], main [onload]").all():
            pytest.fail(f"this would have run: {handler.evaluate('node => node.outerHTML')}")
    assert page.evaluate("window.pwned") is None
    assert not [line for line in said if "404" not in line], said
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {site.url.split("/")[2]}
