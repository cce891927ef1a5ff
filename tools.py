"""What the model may do. Adding a tool is adding one typed function with `@tool`.

The model is shown the name, the docstring and the parameters; its arguments are checked against the types before
the function runs. A function may be `async` or not. What it returns is what the model reads: text, or anything that
can be written as JSON. Raise `ToolError` to tell the model what went wrong. A parameter of type `Given[T]` is filled
with what `build_toolkit` provides for `T`, unseen by the model.
"""

from agent.arithmetic import ArithmeticRefused, evaluate
from agent.schema import Given
from agent.toolkit import ToolError, Toolkit
from agent.weather import CurrentWeather, OpenMeteo, SampleWeather, Unit, Weather
from settings import AgentSettings

TOOLS = Toolkit()
tool = TOOLS.tool


@tool
async def get_current_weather(location: str, unit: Unit = "celsius", *, weather: Given[Weather]) -> CurrentWeather:
    """Get the current weather of a place: temperature, sky, wind and humidity.

    Args:
        location: The city, for example "San Francisco".
        unit: The unit of the temperature.
        weather: Where it is looked up.
    """
    return await weather.current(location, unit)


@tool
def calculate(expression: str) -> str:
    """Calculate an arithmetic expression.

    Args:
        expression: Numbers with + - * / // % ** and parentheses, functions such as sqrt, log, sin, round, min, max
            and factorial, and the constants pi and e. For example "2 * (3 + 4) ** 2".
    """
    try:
        value = evaluate(expression)
    except ArithmeticRefused as error:
        raise ToolError(str(error)) from None
    return str(value) if isinstance(value, int) else f"{value:.15g}"  # 0.3, where floats say 0.30000000000000004


def build_toolkit(settings: AgentSettings) -> Toolkit:
    """The tools, with the services they need as the settings say. Close it with `aclose()`."""
    weather = SampleWeather() if settings.sample_weather else OpenMeteo(settings.geocoding_url, settings.forecast_url)
    return TOOLS.with_given({Weather: weather})
