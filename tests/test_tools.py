"""The tools a model is offered, run as the loop runs them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.chat import ToolCall, ToolResult
from agent.toolkit import Toolkit
from settings import AgentSettings
from tools import TOOLS, build_toolkit

PLACE = {"name": "San Francisco", "country": "United States", "latitude": 37.77, "longitude": -122.42}
NOW = {
    "time": "2026-11-20T12:00",
    "temperature_2m": 14.2,
    "relative_humidity_2m": 71,
    "weather_code": 2,
    "wind_speed_10m": 12.6,
}


class FakeOpenMeteo(ThreadingHTTPServer):
    """Both of Open-Meteo's services, answering as the test says; texts are sent as they are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, tuple[int, Any]] = {
            "/v1/search": (200, {"results": [PLACE]}),
            "/v1/forecast": (200, {"current": NOW}),
        }


class _Handler(BaseHTTPRequestHandler):
    server: FakeOpenMeteo

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append((url.path, {name: value for name, (value,) in parse_qs(url.query).items()}))
        status, body = self.server.answers[url.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def open_meteo() -> Iterator[FakeOpenMeteo]:
    with FakeOpenMeteo() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def run(settings: AgentSettings, name: str, **arguments: Any) -> ToolResult:
    kit: Toolkit = await asyncio.to_thread(build_toolkit, settings)
    try:
        return await kit.run(ToolCall("id", name, json.dumps(arguments)), seconds=10, max_chars=20_000)
    finally:
        await kit.aclose()


def real_weather(open_meteo: FakeOpenMeteo) -> AgentSettings:
    return AgentSettings(weather_provider="open-meteo", geocoding_url=open_meteo.url, forecast_url=open_meteo.url + "/")


async def test_the_weather_is_asked_of_open_meteo(open_meteo):
    result = await run(real_weather(open_meteo), "get_current_weather", location="sf", unit="fahrenheit")
    assert result.error is None
    assert json.loads(result.content) == {
        "location": "San Francisco, United States",
        "temperature": 14.2,
        "unit": "fahrenheit",
        "conditions": "partly cloudy",
        "wind_kmh": 12.6,
        "humidity_percent": 71,
        "observed_at": "2026-11-20T12:00",
        "source": "open-meteo.com",
    }
    (search, searched), (forecast, forecasted) = open_meteo.asked
    assert (search, searched["name"]) == ("/v1/search", "sf")
    assert forecast == "/v1/forecast"
    assert (forecasted["latitude"], forecasted["longitude"]) == ("37.77", "-122.42")
    assert (forecasted["temperature_unit"], forecasted["timezone"]) == ("fahrenheit", "auto")


@pytest.mark.parametrize(
    ("path", "status", "body", "reason"),
    [
        ("/v1/search", 200, {"generationtime_ms": 1}, "no place called 'Atlantis' was found"),
        ("/v1/search", 200, {"results": []}, "no place called 'Atlantis' was found"),
        ("/v1/search", 200, {"results": [{"name": "x"}]}, "can't be understood"),
        ("/v1/search", 200, "[1]", "can't be understood"),
        ("/v1/search", 200, "<html>", "can't be understood"),
        ("/v1/search", 429, "{}", "answered HTTP 429"),
        ("/v1/forecast", 500, "{}", "answered HTTP 500"),
        ("/v1/forecast", 200, {"current": None}, "can't be understood"),
    ],
)
async def test_trouble_with_the_weather_is_told_in_plain_words(open_meteo, path, status, body, reason):
    open_meteo.answers[path] = (status, body)
    result = await run(real_weather(open_meteo), "get_current_weather", location="Atlantis")
    assert reason in (result.error or "")
    assert open_meteo.url not in result.content


async def test_a_weather_service_that_is_down_is_told_in_plain_words(open_meteo):
    settings = AgentSettings(weather_provider="open-meteo", geocoding_url="http://127.0.0.1:1")
    result = await run(settings, "get_current_weather", location="sf")
    assert result.error == "the weather service can't be reached"


async def test_sample_weather_is_the_same_for_a_place_and_says_what_it_is():
    celsius, again, fahrenheit = [
        json.loads((await run(AgentSettings(), "get_current_weather", location=place, unit=unit)).content)
        for place, unit in (("Paris", "celsius"), ("  PARIS ", "celsius"), ("paris", "fahrenheit"))
    ]
    assert "sample" in celsius["source"]
    assert celsius | {"location": ""} == again | {"location": ""}
    assert fahrenheit["temperature"] == round(celsius["temperature"] * 9 / 5 + 32)
    assert fahrenheit["location"] == "Paris"
    assert (await run(AgentSettings(), "get_current_weather", location=" ")).error == "no place was named"


@pytest.mark.parametrize(
    ("settings", "sample"),
    [
        ({}, True),
        ({"openai_api_key": "k"}, False),
        ({"openai_base_url": "http://127.0.0.1/v1"}, False),
        ({"openai_api_key": "k", "weather_provider": "sample"}, True),
        ({"weather_provider": "open-meteo"}, False),
    ],
)
def test_weather_is_made_up_only_offline_or_on_request(settings, sample):
    assert AgentSettings(**settings).sample_weather is sample


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("12 * (3 + 4)", "84"),
        ("0.1 + 0.2", "0.3"),
        ("15 / 100 * 1200", "180"),
        ("2 ** 0.5", "1.4142135623731"),
        ("10 ** 30", "1" + "0" * 30),
        ("1e22 * 1.5", "1.5e+22"),
    ],
)
async def test_results_read_as_a_person_would_write_them(expression, result):
    assert await run(AgentSettings(), "calculate", expression=expression) == ToolResult(result)


async def test_a_bomb_is_refused_in_words():
    result = await run(AgentSettings(), "calculate", expression="9**9**9")
    assert result.content == "Error: the result has more than 1000 digits"


@pytest.mark.parametrize("schema", TOOLS.schemas, ids=TOOLS.names)
def test_every_tool_and_every_parameter_is_described(schema):
    function = schema["function"]
    assert function["description"]
    assert function["parameters"]["additionalProperties"] is False
    for name, parameter in function["parameters"]["properties"].items():
        assert parameter.get("description"), name


def test_importing_the_tools_starts_nothing():
    probe = "import sys, threading, tools; assert threading.active_count() == 1; assert 'openai' not in sys.modules"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
