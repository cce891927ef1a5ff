"""An agent of LangChain, recorded by our client's callback: one turn, two at once, one that fails."""

import asyncio
import contextlib
import json
import sys

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from monitor import LiteralClient

literal = LiteralClient()  # LITERAL_API_URL and LITERAL_API_KEY say where


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    if city == "atlantis":
        raise ValueError("no such city")
    return f"sunny in {city}"


def model_that_looks_up(city):
    arguments = {"city": city}
    asked = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": json.dumps(arguments)},
    }
    calls = [{"id": "call_1", "name": "get_weather", "args": arguments}]
    usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    return GenericFakeChatModel(
        messages=iter(
            [
                AIMessage("", additional_kwargs={"tool_calls": [asked]}, tool_calls=calls, usage_metadata=usage),
                AIMessage(f"It is sunny in {city}.", usage_metadata=usage),
            ]
        )
    )


def answer(city, config):
    model = model_that_looks_up(city)
    question = HumanMessage(f"weather in {city}?")
    call = model.invoke([question], config)
    found = get_weather.invoke(call.tool_calls[0], config)
    return model.invoke([question, call, found], config).content


async def answer_async(city, config):
    model = model_that_looks_up(city)
    question = HumanMessage(f"weather in {city}?")
    call = await model.ainvoke([question], config)
    found = await get_weather.ainvoke(call.tool_calls[0], config)
    return (await model.ainvoke([question, call, found], config)).content


agent = RunnableLambda(answer, afunc=answer_async, name="agent")


def turn(city):
    with literal.thread(thread_id=city, name=city):
        literal.message(f"weather in {city}?", type="user_message", name="ada")
        said = agent.invoke(city, {"callbacks": [literal.langchain_callback()]})
        literal.message(said, name="bot")


async def turn_async(city):
    async with literal.thread(thread_id=city, name=city):
        literal.message(f"weather in {city}?", type="user_message", name="ada")
        said = await agent.ainvoke(city, {"callbacks": [literal.langchain_callback()]})
        literal.message(said, name="bot")


async def two_at_once():
    await asyncio.gather(turn_async("rome"), turn_async("oslo"))


turn("sf")
asyncio.run(two_at_once())
with contextlib.suppress(ValueError):
    turn("atlantis")
delivered = literal.flush()
json.dump({"delivered": delivered, "lost": literal.status().lost}, sys.stdout)
literal.close()
