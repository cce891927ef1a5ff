"""Text on a page: Markdown, coloured JSON, numbers, times and links."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from review.dashboard.formats import duration, iso, moment
from review.dashboard.highlight import json_html
from review.dashboard.markdown import to_html
from review.dashboard.urls import Urls, safe_path


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '![x"onerror="alert(1)](https://a.example/x.png)',
        "<svg/onload=alert(1)>",
        "<javascript:alert(1)>",
        '```"><script>\nx\n```',
        "|a|\n|:-:|\n|<b onclick=alert(1)>|",
    ],
)
def test_markdown_lets_nothing_through_that_runs_or_loads(evil) -> None:
    html = to_html(evil)
    opened = {part.split(">")[0] for part in html.split("<")[1:]}
    assert not [tag for tag in opened if tag.lstrip("/").split()[0] in {"script", "img", "svg", "b", "style", "iframe"}]
    assert not [tag for tag in opened if " on" in tag.replace(" one", "") or 'style="' in tag]
    assert not [tag for tag in opened if "href" in tag and ("javascript" in tag.lower() or "data:" in tag)]


def test_an_image_becomes_a_link_so_that_nothing_is_fetched() -> None:
    html = to_html("![a chart](https://a.example/chart.png)")
    assert html.startswith('<p><a href="https://a.example/chart.png"')
    assert ">a chart</a>" in html


def test_what_markdown_is_for_comes_out() -> None:
    html = to_html("**b** `c` ~~s~~\nnext\n\n- x\n\n|h|\n|-|\n|d|\n\n```py\n1<2\n```")
    for part in ("<strong>b</strong>", "<code>c</code>", "<s>s</s>", "<br>", "<li>x</li>", "<td>d</td>", "1&lt;2"):
        assert part in html


def test_lists_find_their_own_side() -> None:
    assert '<ul dir="auto">' in to_html("- اشرب الماء")


def test_json_is_coloured_and_escaped() -> None:
    assert json_html('{"<k>": "<v>\\"", "n": -1.5e3, "b": null}') == (
        '{<span class="j-key">&quot;&lt;k&gt;&quot;</span>: '
        '<span class="j-string">&quot;&lt;v&gt;\\&quot;&quot;</span>, '
        '<span class="j-key">&quot;n&quot;</span>: <span class="j-number">-1.5e3</span>, '
        '<span class="j-key">&quot;b&quot;</span>: <span class="j-word">null</span>}'
    )


def test_json_cut_inside_a_string_is_still_escaped() -> None:
    assert "<" not in json_html('{"k": "<scr').replace("<span", "").replace("</span", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.3204, "320 ms"),
        (0.9996, "1.0 s"),
        (2.44, "2.4 s"),
        (59.96, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (3720, "1 h 02 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, text) -> None:
    assert duration(seconds) == text


def test_times_are_told_in_utc() -> None:
    time = datetime(2026, 11, 20, 1, 30, 5, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert iso(time) == "2026-11-19T23:30:05.123Z"
    assert moment(time.astimezone(UTC)) == "2026-11-19 23:30:05 UTC"


def test_links_stay_below_the_mount_and_quote_ids() -> None:
    urls = Urls(root="/review", fingerprint=lambda _: "abc")
    assert urls.thread("a/b?c#d é") == "/review/threads/a%2Fb%3Fc%23d%20%C3%A9"
    assert urls.thread("t", step="a&b") == "/review/threads/t?step=a%26b"
    assert urls.threads(search="", after="x") == "/review/threads?after=x"
    assert urls.static("app.css") == "/review/static/app.css?v=abc"


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "threads", "/a\nb"]
)
def test_signing_in_never_leads_to_another_site(then) -> None:
    assert safe_path(then) == "/threads"


def test_signing_in_leads_back_to_the_page() -> None:
    assert safe_path("/threads/x?step=1") == "/threads/x?step=1"
