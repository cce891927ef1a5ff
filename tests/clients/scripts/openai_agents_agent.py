"""An agent of OpenAI's Agents SDK, recorded by our client's tracing processor; the provider is a few fixed answers."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_trace_processors
from openai import AsyncOpenAI

from monitor import LiteralClient

literal = LiteralClient()  # LITERAL_API_URL and LITERAL_API_KEY say where
set_trace_processors([literal.openai_agents_tracing_processor()])


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Provider(BaseHTTPRequestHandler):
    """Looks the weather up, then says it."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        call = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "sf"}'}}
        looked_up = asked["messages"][-1]["role"] == "tool"
        message = {"content": "It is sunny."} if looked_up else {"content": None, "tool_calls": [call]}
        choice = {
            "index": 0,
            "finish_reason": "stop" if looked_up else "tool_calls",
            "message": {"role": "assistant", **message},
        }
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        told = {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt",
            "choices": [choice],
            "usage": usage,
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


provider = HTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=provider.serve_forever, daemon=True).start()
openai = AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{provider.server_port}/v1")
model = OpenAIChatCompletionsModel(model="gpt", openai_client=openai)
forecaster = Agent(name="forecaster", instructions="Say the weather.", model=model, tools=[get_weather])

with literal.thread(thread_id="sf", name="sf"):
    literal.message("weather in sf?", type="user_message", name="ada")
    result = Runner.run_sync(forecaster, "weather in sf?")
    literal.message(result.final_output, name="bot")
delivered = literal.flush()
json.dump({"delivered": delivered, "lost": literal.status().lost}, sys.stdout)
literal.close()
