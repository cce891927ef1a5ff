"""Where settings come from, which one wins, and what a wrong one is told."""

from pathlib import Path

import pytest

import settings
from settings import SettingsError


def test_the_defaults_need_no_environment() -> None:
    known = settings.load()
    assert (known.server.host, known.server.port) == ("127.0.0.1", 8000)
    assert known.agent.offline
    assert known.monitor.literal_api_url is None


def test_the_environment_wins_over_a_secret_file_and_that_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("PORT=1\nMODEL=from-env-file\nOPENAI_API_KEY=from-env-file\nADMIN_TOKEN=from-env-file\n")
    (tmp_path / "key").write_text("from-secret-file\n")
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PORT", "2")
    known = settings.load()
    assert known.server.port == 2
    assert known.agent.model == "from-env-file"
    assert known.agent.openai_api_key
    assert known.agent.openai_api_key.get_secret_value() == "from-secret-file"
    assert known.review.admin_token
    assert known.review.admin_token.get_secret_value() == "from-env-file"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert settings.load().agent.offline


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("MAX_ITER", "0"), ("LOG_LEVEL", "loud"), ("OUTBOX_WHEN_FULL", "panic")],
)
def test_a_value_that_can_not_be_used_is_told_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        settings.load()


def test_a_secret_file_that_can_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError, match="ADMIN_TOKEN_FILE=/nowhere/token"):
        settings.load()


def test_no_secret_is_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "LITERAL_API_KEY", "ADMIN_TOKEN", "ADMIN_PASSWORD"):
        monkeypatch.setenv(name, "the-secret")
    assert "the-secret" not in repr(settings.load())


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_the_local_url_is_where_this_machine_reaches_the_server(host: str, url: str) -> None:
    assert settings.ServerSettings(host=host).local_url == url
