"""The Literal SDK's client, kept from what hurts a service: the only place where `literalai` is imported.

The SDK's own objects and contexts are used, by inheritance and not by patching. What differs: nothing sleeps, nothing
waits for the network, no fault of recording reaches the caller, contexts nest, and the environment belongs to the task
and not to the process. Every step and thread ends in `Recorder.record`, and from there in the outbox.
"""

from monitor.literal.client import AsyncLiteralClient, LiteralClient

__all__ = ["AsyncLiteralClient", "LiteralClient"]
