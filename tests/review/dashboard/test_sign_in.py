"""Who gets in, how, and where they land."""

import pytest

from review.auth import SESSION_COOKIE

TOKEN = "the token"


@pytest.mark.parametrize("path", ["/threads", "/threads/x?step=1", "/raw/input/x"])
async def test_a_stranger_is_sent_to_sign_in_and_told_where_they_wanted_to_go(app, path) -> None:
    page = await app.stranger.get(path)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/review/login?next=%2F")
    form = await app.stranger.get(page.headers["location"].removeprefix("/review"))
    assert f'value="{path}"' in form.text


async def test_a_program_that_is_a_stranger_gets_401_and_no_page(app) -> None:
    page = await app.stranger.get("/threads?format=json")
    assert page.status_code == 401
    assert page.headers["content-type"] == "application/problem+json"


async def test_the_token_opens_and_leads_to_the_page(app) -> None:
    page = await app.stranger.post("/login", data={"secret": f" {TOKEN}\n", "next": "/threads/x?step=1"})
    assert (page.status_code, page.headers["location"]) == (303, "/review/threads/x?step=1")
    assert (await app.stranger.get("/threads")).status_code == 200


async def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(app) -> None:
    cookie = (await app.stranger.post("/login", data={"secret": TOKEN})).headers["set-cookie"]
    assert cookie.startswith(SESSION_COOKIE)
    for part in ("HttpOnly", "SameSite=lax", "Path=/review"):
        assert part in cookie


async def test_a_wrong_token_says_so_and_opens_nothing(app) -> None:
    page = await app.stranger.post("/login", data={"secret": "guess", "next": "/threads/x"})
    assert page.status_code == 401
    assert "isn&#39;t right" in page.text
    assert 'value="/threads/x"' in page.text
    assert "guess" not in page.text
    assert (await app.stranger.get("/threads")).status_code == 303


async def test_a_password_opens_when_one_is_set(make_app) -> None:
    app = await make_app(admin_password="open sesame")
    assert "Password or token" in (await app.stranger.get("/login")).text
    assert (await app.stranger.post("/login", data={"secret": "open sesame"})).status_code == 303


async def test_a_link_with_the_token_opens_any_page_and_loses_the_token(app) -> None:
    page = await app.stranger.get("/threads/a%2Fb?step=1&token=the%20token&view=tree")
    assert page.headers["location"] == "/review/threads/a/b?step=1&view=tree"
    assert (await app.stranger.get("/threads")).status_code == 200


async def test_a_link_with_a_wrong_token_says_so(app) -> None:
    page = await app.stranger.get("/threads?token=guess")
    assert page.status_code == 401
    assert "Copy it again" in page.text


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_signing_in_never_leads_to_another_site(app, then) -> None:
    page = await app.stranger.post("/login", data={"secret": TOKEN, "next": then})
    assert page.headers["location"] == "/review/threads"


@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_form_of_another_site_is_refused(app, path) -> None:
    page = await app.reader.post(path, data={"secret": TOKEN}, headers={"sec-fetch-site": "cross-site"})
    assert page.status_code == 403
    assert "sent from another site" in page.text


async def test_signing_out_closes_the_door(app) -> None:
    assert (await app.reader.get("/threads")).status_code == 200
    assert (await app.reader.post("/logout")).headers["location"] == "/review/login"
    assert (await app.reader.get("/threads")).status_code == 303


async def test_the_app_works_at_the_root_as_well(make_app) -> None:
    app = await make_app(root="")
    assert (await app.reader.get("/")).headers["location"] == "/threads"
    assert 'href="/static/' in (await app.reader.get("/threads")).text
