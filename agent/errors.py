"""Why a model gave no usable answer, in the terms of our own callers. No message holds a key or a header.

ProviderError
├── KeyRefused           502  the operator's key is wrong
├── RequestRejected      502  the provider does not take what we sent: unknown model, context too long…
├── ProviderFailed       502  a 5xx of the provider, or an error in the middle of a stream
├── AnswerMalformed      502  an answer that is none
├── ProviderUnreachable  503  no connection
├── ModelTimeout         504  no answer in time
└── RateLimited          429  too many requests; `retry_after` says when to come again
"""

from typing import ClassVar


class ProviderError(Exception):
    """No usable answer from the model's provider. `retry_after` is in seconds, when the provider named one."""

    status: ClassVar[int] = 502
    code: ClassVar[str] = "provider_failed"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyRefused(ProviderError):
    """The provider does not accept the configured key."""

    code = "provider_refused_key"


class RequestRejected(ProviderError):
    """The provider does not accept what was asked."""

    code = "provider_rejected_request"


class ProviderFailed(ProviderError):
    """The provider had an error of its own."""


class AnswerMalformed(ProviderError):
    """The provider's answer can't be understood."""

    code = "provider_answer_malformed"


class ProviderUnreachable(ProviderError):
    """No connection to the provider, or it broke."""

    status = 503
    code = "provider_unreachable"


class ModelTimeout(ProviderError):
    """The model did not answer in time."""

    status = 504
    code = "model_timeout"


class RateLimited(ProviderError):
    """The provider takes no more requests for now."""

    status = 429
    code = "provider_rate_limited"
