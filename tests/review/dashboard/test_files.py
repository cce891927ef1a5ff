"""Attachments beside their step: what is ours is shown and linked, what lies elsewhere is only linked."""

import re
from html import unescape

import pytest

from review.files.keys import new_key
from review.records import AttachmentUpdate, StepUpdate, ThreadUpdate


async def put(app, content: bytes, at) -> str:
    async def chunks():
        yield content

    key = new_key(app.review.project.id, now=at)
    await app.review.files.store.save(key, chunks())
    return key


async def page_with(app, *attachments: AttachmentUpdate) -> str:
    step = StepUpdate(id="s", thread_id="t", type="tool", attachments=attachments)
    await app.save(ThreadUpdate(id="t"), step)
    return (await app.reader.get("/threads/t", params={"step": "s"})).text


@pytest.mark.parametrize(("mime", "tag"), [("image/png", "img"), ("audio/mpeg", "audio"), ("video/mp4", "video")])
async def test_pictures_sounds_and_films_are_shown_from_our_own_address(app, mime, tag, step):
    key = await put(app, b"content", step("x").created_at)
    html = await page_with(app, AttachmentUpdate(id="a", name="a <b>", mime=mime, object_key=key))
    [source] = re.findall(rf'<{tag} class="picture" src="([^"]+)"', html)
    assert source.startswith(f"/review/files/{key}?")
    shown = await app.stranger.get(f"http://test{unescape(source)}")
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, b"content", mime)
    assert "a &lt;b&gt;" in html
    assert "<b>" not in html.partition("Attachments")[2]


async def test_a_page_or_drawing_is_only_offered_to_be_saved(app, step):
    key = await put(app, b"<svg>", step("x").created_at)
    html = await page_with(app, AttachmentUpdate(id="a", name="a.svg", mime="image/svg+xml", object_key=key))
    assert f'href="/review/files/{key}?' in html
    assert 'class="picture"' not in html


async def test_what_lies_elsewhere_is_linked_not_loaded(app):
    picture = AttachmentUpdate(id="a", name="a", mime="image/png", url="https://a.test/a.png")
    script = AttachmentUpdate(id="b", name="b", mime="image/png", url="javascript:alert(1)")
    html = await page_with(app, picture, script)
    assert 'href="https://a.test/a.png" rel="noreferrer noopener"' in html
    assert 'class="picture"' not in html
    assert "javascript:" not in html


async def test_the_pages_load_films_from_nowhere_else(app):
    answer = await app.reader.get("/threads")
    assert "media-src 'self';" in answer.headers["content-security-policy"]
