"""What the demo model makes of a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.demo.language import WeatherAsked, expression_in, weather_asked


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("what's the weather in sf", ["San Francisco"]),
        ("What is the weather like in New York today?", ["New York"]),
        ("weather in sf and paris", ["San Francisco", "Paris"]),
        ("Is it raining in sf, new york and Tokyo right now?", ["San Francisco", "New York", "Tokyo"]),
        ("weather in paris, london", ["paris, london".title()]),
        ("weather in Paris, France and Rome, Italy", ["Paris, France", "Rome, Italy"]),
        ("weather in Paris, France and 12*(3+4)", ["Paris, France"]),
        ("paris weather", ["Paris"]),
        ("weather zürich", ["Zürich"]),
        ("weather for St. Louis.", ["St. Louis"]),
        ("How hot is it in Cairo? I am curious.", ["Cairo"]),
        ("weather in sf and in paris", ["San Francisco", "Paris"]),
        ("weather in sf vs. la", ["San Francisco", "Los Angeles"]),
        ("weather in sf and what time is it", ["San Francisco"]),
        ("do I need an umbrella in 東京", ["東京"]),
        ("weather in sf and sf", ["San Francisco"]),
        ("what's the weather?", []),
    ],
)
def test_places_are_found(question, places):
    assert weather_asked([question]) == WeatherAsked(tuple(places), None)


@pytest.mark.parametrize("question", ["hello", "in paris", "and in paris?", "6 * 7", "thanks", "celsius"])
def test_not_every_question_is_about_the_weather(question):
    assert weather_asked([question]) is None


@pytest.mark.parametrize(
    ("questions", "places", "unit"),
    [
        (["weather in sf", "and in paris?"], ["Paris"], None),
        (["weather in sf", "what about celsius"], ["San Francisco"], "celsius"),
        (["weather in sf in fahrenheit", "and rome?"], ["Rome"], "fahrenheit"),
        (["weather in sf in fahrenheit", "weather in rome"], ["Rome"], None),
        (["weather in sf", "2+2", "and in paris?"], ["Paris"], None),
        (["weather in sf", "and in paris?", "in fahrenheit please"], ["Paris"], "fahrenheit"),
        (["weather in sf", "and what is the forecast?"], ["San Francisco"], None),
        (["weather?", "in oslo"], ["Oslo"], None),
        (["weather in sf", "and what about the weather in oslo?"], ["Oslo"], None),
        (["weather in sf", "ok, and oslo"], ["Oslo"], None),
    ],
)
def test_a_follow_up_keeps_what_it_does_not_change(questions, places, unit):
    assert weather_asked(questions) == WeatherAsked(tuple(places), unit)


@pytest.mark.parametrize(
    "question", ["thank you", "ok bye", "now tell me a joke", "and tell me a joke", "and you?", ""]
)
def test_after_the_weather_not_everything_is_about_the_weather(question):
    assert weather_asked(["weather in sf", question]) is None


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("what is 12 * (3 + 4)?", "12 * (3 + 4)"),
        ("2+2", "2+2"),
        ("How much is 15% of 1,200?", "15 / 100 * 1200"),
        ("what is 7 times 6", "7 * 6"),
        ("what's 10 divided by 4 plus 1?", "10 / 4 + 1"),
        ("what is 3 x 4", "3 * 4"),
        ("what is 2 to the power of 10", "2 ** 10"),
        ("compute 5 squared", "5 ** 2"),
        ("what is the square root of 144", "sqrt(144)"),
        ("what is max(3, 4) * pi?", "max(3, 4) * pi"),
        ("calculate 9**9**9", "9**9**9"),
        ("calculate (1).__class__ please", "(1).__class__"),
        ("evaluate [x for x in range(10**9)]", "[x for x in range(10**9)]"),
        ("what is 6 × 7 − 2", "6 * 7 - 2"),
        ("what is 4 * 5, please", "4 * 5"),
        ("weather in sf and what is 6*7", "6*7"),
        ("what happened on 2024-11-20?", None),
        ("are you open 24/7 my friend", None),
        ("what is love", None),
        ("calculate the weather in paris", None),
        ("I have 3 apples", None),
        ("what is 5", None),
    ],
)
def test_arithmetic_is_found(question, expression):
    assert expression_in(question) == expression


@given(
    st.lists(
        st.text(max_size=60) | st.sampled_from(["weather in sf", "and in paris?", "((2+", "calculate"]), max_size=4
    )
)
def test_no_question_is_too_odd(questions):
    weather_asked(questions)
    for question in questions:
        expression_in(question)
