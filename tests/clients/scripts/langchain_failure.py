"""A tool of LangChain fails while the server of the steps accepts connections and never answers."""

import asyncio
import json
import sys

from langchain_core.tools import tool

from monitor import LiteralClient

literal = LiteralClient()  # LITERAL_API_URL and LITERAL_API_KEY say where


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    raise ValueError("no such city")


def failure():
    try:
        get_weather.invoke("atlantis", {"callbacks": [literal.langchain_callback()]})
    except ValueError as error:
        return str(error)


async def failure_async():
    try:
        await get_weather.ainvoke("atlantis", {"callbacks": [literal.langchain_callback()]})
    except ValueError as error:
        return str(error)


said = {"sync": failure(), "async": asyncio.run(failure_async())}
literal.close(0)
json.dump(said, sys.stdout)
