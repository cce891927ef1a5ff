"""What those who run the server ask it."""

from prometheus_client.parser import text_string_to_metric_families
from waiting import until_async

ASK = {"role": "user", "content": "what's the weather in sf"}


async def test_it_is_alive_and_ready(running) -> None:
    assert (await running.http.get("/livez")).json() == {"status": "ok"}
    assert (await running.http.get("/readyz")).json() == {"status": "ok"}


async def test_it_is_not_ready_while_steps_wait_too_long_and_says_why(serve) -> None:
    async with serve(
        LITERAL_API_URL="http://127.0.0.1:9",
        LITERAL_API_KEY="k",
        DELIVERY_STALLED_SECONDS="0.000001",
        DELIVERY_STOP_SECONDS="0",
    ) as cut_off:
        await cut_off.process(ASK)

        async def unready():
            answer = await cut_off.http.get("/readyz")
            return answer if answer.status_code == 503 else None

        answer = await until_async(unready)
    assert answer.json()["code"] == "delivery_stalled"
    assert "waited" in answer.json()["detail"]


async def test_the_figures_are_those_of_prometheus(running) -> None:
    async def figures():
        text = (await running.http.get("/metrics")).text
        families = text_string_to_metric_families(text)
        return {sample.name: sample.value for family in families for sample in family.samples}

    async def nothing_waits():
        return not (await figures())["monitor_queued_steps"]

    await running.process(ASK)
    await running.thread()
    assert await until_async(nothing_waits)
    assert (await figures())["monitor_delivered_steps_total"] == 7  # six steps and their thread
    assert (await figures())["monitor_delivery_seconds_count"] == 7
