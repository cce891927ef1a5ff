"""Keeps what opens something out of uvicorn's access log, which writes whole addresses."""

import logging
import re

TOKEN = re.compile(r"([?&](?:token|signature|policy)=)[^&\s]+")


def hide_tokens() -> None:
    """From now on, tokens and signatures in an address are logged as `(hidden)`. Doing it twice changes nothing."""
    log = logging.getLogger("uvicorn.access")
    if _hide not in log.filters:
        log.addFilter(_hide)


def _hide(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(TOKEN.sub(r"\1(hidden)", arg) if isinstance(arg, str) else arg for arg in record.args)
    return True
