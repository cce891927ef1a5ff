"""Keys for programs, a signed cookie for people."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from review.auth import SESSION_COOKIE, SignIn, hash_api_key, is_same_origin, new_api_key


def request(root_path: str = "", scheme: str = "http", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "scheme": scheme,
            "path": "/login",
            "root_path": root_path,
            "query_string": b"",
            "server": ("review.test", 80),
            "headers": raw,
        }
    )


def sign_in(token: str = "token", password: str | None = None, secret: str = "secret") -> SignIn:
    return SignIn(token=token, password=password, session_secret=secret)


def cookie_of(response: Response) -> str:
    return response.headers["set-cookie"]


def remembered(by: SignIn, at: Request | None = None) -> Request:
    response = Response()
    by.remember(at or request(), response)
    return request(cookie=cookie_of(response).partition(";")[0])


def test_a_key_has_the_documented_shape_and_is_never_the_same() -> None:
    assert new_api_key().startswith("lsk_")
    assert new_api_key() != new_api_key()


def test_a_key_is_kept_as_its_sha_256() -> None:
    assert hash_api_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_token_and_only_the_token_opens() -> None:
    assert sign_in().accepts_token("token")
    assert not sign_in().accepts_token("tok€n")
    assert not sign_in().accepts_token("")


def test_no_password_opens_when_none_is_set() -> None:
    assert not sign_in().has_password
    assert not sign_in().accepts_password("")
    assert sign_in(password="p").accepts_password("p")
    assert not sign_in(password="p").accepts_password("q")


def test_who_signed_in_is_known_again() -> None:
    assert sign_in().knows(remembered(sign_in()))
    assert not sign_in().knows(request())


@pytest.mark.parametrize("changed", [{"token": "other"}, {"password": "other"}, {"secret": "other"}])
def test_a_cookie_dies_with_the_token_the_password_or_the_secret(changed: dict[str, str]) -> None:
    assert not sign_in(**changed).knows(remembered(sign_in()))


def test_a_forged_cookie_is_not_known() -> None:
    assert not sign_in().knows(request(cookie=f"{SESSION_COOKIE}=forged"))


def test_the_cookie_stays_below_the_mount_and_out_of_scripts() -> None:
    response = Response()
    sign_in().remember(request(root_path="/review", scheme="https"), response)
    assert "HttpOnly" in cookie_of(response)
    assert "SameSite=lax" in cookie_of(response)
    assert "Path=/review" in cookie_of(response)
    assert "Secure" in cookie_of(response)


def test_forgetting_ends_the_cookie_on_the_same_path() -> None:
    response = Response()
    sign_in().forget(request(root_path="/review"), response)
    assert "Max-Age=0" in cookie_of(response)
    assert "Path=/review" in cookie_of(response)


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": "http://review.test", "host": "review.test"}, False),
        ({"origin": "http://review.test", "host": "review.test"}, True),
        ({"origin": "http://evil.test", "host": "review.test"}, False),
        ({"origin": "null", "host": "review.test"}, False),
        ({"host": "review.test"}, True),
    ],
)
def test_a_form_of_another_site_is_told_by_its_headers(headers: dict[str, str], *, same: bool) -> None:
    assert is_same_origin(request(**headers)) is same
