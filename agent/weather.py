"""Where the weather comes from: Open-Meteo, or made-up data that says so."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import httpx

from agent.toolkit import ToolError

Unit: TypeAlias = Literal["celsius", "fahrenheit"]

CONNECT_AND_READ_SECONDS = 4.0
SKY = {  # WMO code table 4677, as Open-Meteo uses it: https://open-meteo.com/en/docs
    0: "clear sky",
    1: "mainly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "freezing fog",
    51: "light drizzle",
    53: "drizzle",
    55: "dense drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "light snow showers",
    86: "snow showers",
    95: "thunderstorm",
    96: "thunderstorm with hail",
    99: "thunderstorm with heavy hail",
}


@dataclass(frozen=True, slots=True)
class CurrentWeather:
    """The weather of a place now. Wind in km/h, humidity in percent, time in the place's own zone."""

    location: str
    temperature: float
    unit: Unit
    conditions: str
    wind_kmh: float
    humidity_percent: float
    observed_at: str | None
    source: str


class Weather(Protocol):
    """Somebody who knows the weather."""

    async def current(self, location: str, unit: Unit) -> CurrentWeather:
        """The weather now.

        Raises:
            ToolError: no such place, or the service can't be used.
        """
        ...


class SampleWeather:
    """Made-up weather, always the same for a place, for running without a network."""

    async def current(self, location: str, unit: Unit) -> CurrentWeather:
        """Weather drawn from the place's name."""
        place = " ".join(location.split())
        if not place:
            raise ToolError("no place was named")
        drawn = hashlib.sha256(place.casefold().encode("utf-8", "replace")).digest()
        celsius = drawn[0] % 30 + 1
        return CurrentWeather(
            location=place.title() if place.islower() else place,
            temperature=celsius if unit == "celsius" else round(celsius * 9 / 5 + 32),
            unit=unit,
            conditions=("clear sky", "partly cloudy", "overcast", "light rain", "fog")[drawn[1] % 5],
            wind_kmh=drawn[2] % 40,
            humidity_percent=40 + drawn[3] % 50,
            observed_at=None,
            source="sample data, not a real observation",
        )


class OpenMeteo:
    """The weather from open-meteo.com, which needs no key."""

    def __init__(self, geocoding_url: str, forecast_url: str) -> None:
        """Use these base URLs; one connection pool for all calls."""
        self._geocoding_url = geocoding_url.rstrip("/")
        self._forecast_url = forecast_url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=CONNECT_AND_READ_SECONDS)

    async def current(self, location: str, unit: Unit) -> CurrentWeather:
        """The weather at the most populous place of that name."""
        places = await self._get(
            f"{self._geocoding_url}/v1/search", {"name": location, "count": 1, "language": "en", "format": "json"}
        )
        try:
            found = places.get("results")
            if not found:
                raise ToolError(f"no place called {location!r} was found")
            place = found[0]
            forecast = await self._get(
                f"{self._forecast_url}/v1/forecast",
                {
                    "latitude": place["latitude"],
                    "longitude": place["longitude"],
                    "current": "temperature_2m,relative_humidity_2m,weather_code,wind_speed_10m",
                    "temperature_unit": unit,
                    "timezone": "auto",
                },
            )
            now = forecast["current"]
            return CurrentWeather(
                location=", ".join(part for part in (place["name"], place.get("country")) if part),
                temperature=now["temperature_2m"],
                unit=unit,
                conditions=SKY.get(now["weather_code"], "unknown"),
                wind_kmh=now["wind_speed_10m"],
                humidity_percent=now["relative_humidity_2m"],
                observed_at=now["time"],
                source="open-meteo.com",
            )
        except (KeyError, TypeError, IndexError, AttributeError):
            raise ToolError("the weather service gave an answer that can't be understood") from None

    async def _get(self, url: str, parameters: dict[str, Any]) -> Any:
        try:
            response = await self._http.get(url, params=parameters)
            response.raise_for_status()
            return response.json()
        except httpx.TimeoutException:
            raise ToolError("the weather service did not answer in time") from None
        except httpx.HTTPStatusError as error:
            raise ToolError(f"the weather service answered HTTP {error.response.status_code}") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ToolError("the weather service can't be reached") from None
        except ValueError:
            raise ToolError("the weather service gave an answer that can't be understood") from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
