"""What an uploaded file is served as: never as a page, in parts when asked."""

import pytest

from review.files.serving import part_asked_for, safe_headers


@pytest.mark.parametrize(
    "mime", ["image/png", "IMAGE/JPEG", "audio/mpeg", "video/mp4", "application/pdf", "image/webp"]
)
def test_what_browsers_show_without_running_it_is_shown(mime: str):
    headers = safe_headers("a", mime)
    assert headers["Content-Type"] == mime.lower()
    assert headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    "mime",
    [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "text/javascript",
        "x",
        "",
        None,
        "image/png\r\nX: y",
    ],
)
def test_what_could_run_is_saved_as_bytes_of_no_type(mime):
    headers = safe_headers("a.html", mime)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_text_is_shown_as_text():
    assert safe_headers(None, "text/plain; charset=latin-1")["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ['a"b\\c;.png', "a\r\nSet-Cookie: x", "日本.png", "\ud800x", "100%.png"])
def test_no_name_breaks_out_of_its_header(name: str):
    told = safe_headers(name, None)["Content-Disposition"]
    assert told.isascii()
    assert told.isprintable()
    assert told.count('"') == 2


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-4", (0, 5)),
        ("bytes=5-", (5, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=8-100", (8, 10)),
        ("bytes=10-", (10, 10)),
        ("bytes=7-3", (7, 4)),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("", None),
    ],
)
def test_a_part_is_what_the_range_says(asked: str, part):
    assert part_asked_for({"range": asked}, 10) == part
