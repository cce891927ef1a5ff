"""GraphQL documents by their text: parsed and validated once, because that costs 30 times what answering them does."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse, validate

from review.api.batch import Plan, plan_of
from review.api.thread_batch import thread_plan_of

_NOTHING_ASKED: Final = re.compile(r"[\s,]*(query|mutation)[\s,]*\w*[\s,]*(\([\s,]*\))?[\s,]*\{[\s,]*\}[\s,]*")
"""What the SDKs send for an empty batch. It is no valid GraphQL, but answering anything but `{}` hurts (§4.6)."""

_LONG_TEXT: Final = 10_000
"""A document longer than this takes over 10 ms to parse: not on the event loop."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be answered: it has a plan for its steps, or else is valid, unless there are errors.

    A valid one may have a plan for its threads, which is tried first.
    """

    document: DocumentNode | None = None
    plan: Plan | None = None
    thread_plan: Plan | None = None
    errors: Sequence[GraphQLError] = ()


class Documents:
    """Keeps the documents used last. All methods belong to one event loop.

    Args:
        schema: What documents are validated against.
        max_documents: How many are kept; the SDKs know about 50, and one more for each size of batch.
        max_chars: How long all texts together may be; a parsed document takes up to 60 times its text.
    """

    def __init__(self, schema: GraphQLSchema, *, max_documents: int = 1_000, max_chars: int = 4_000_000) -> None:
        self._schema = schema
        self._max_documents = max_documents
        self._max_chars = max_chars
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._chars = 0

    async def prepared(self, text: str) -> Prepared:
        """The document of this text, from memory if it was asked for lately."""
        if known := self._kept.get(text):
            self._kept.move_to_end(text)
            return known
        prepared = await asyncio.to_thread(self._prepare, text) if len(text) > _LONG_TEXT else self._prepare(text)
        if not prepared.errors:
            self._keep(text, prepared)
        return prepared

    def _keep(self, text: str, prepared: Prepared) -> None:
        if text in self._kept or len(text) > self._max_chars:
            return
        self._kept[text] = prepared
        self._chars += len(text)
        while len(self._kept) > self._max_documents or self._chars > self._max_chars:
            dropped, _ = self._kept.popitem(last=False)
            self._chars -= len(dropped)

    def _prepare(self, text: str) -> Prepared:
        if _NOTHING_ASKED.fullmatch(text):
            return Prepared(plan=())
        try:
            document = parse(text, no_location=True)
        except GraphQLSyntaxError as error:
            return Prepared(errors=[error])
        if plan := plan_of(document):
            return Prepared(plan=plan)
        if validate(self._schema, document):
            # Positions in the text double what a document takes, so only one that is refused is parsed with them.
            return Prepared(errors=validate(self._schema, parse(text)))
        return Prepared(document=document, thread_plan=thread_plan_of(document))
