"""What a query asks for below a field, so that a resolver reads it all at once, and nothing else."""

from collections.abc import Iterator
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, InlineFragmentNode, SelectionSetNode


def selects(info: GraphQLResolveInfo[Any], *path: str) -> bool:
    """Whether the field being resolved is asked for this path below it, e.g. `selects(info, "edges", "node", "steps")`.

    A field under `@skip` or `@include` counts as asked for: that costs a read, not a wrong answer.
    """
    level = [node.selection_set for node in info.field_nodes]
    for name in path:
        level = [field.selection_set for field in _fields(info, level) if field.name.value == name]
        if not level:
            return False
    return True


def selected_names(info: GraphQLResolveInfo[Any]) -> set[str]:
    """The names of the fields asked for right below the field being resolved."""
    return {field.name.value for field in _fields(info, [node.selection_set for node in info.field_nodes])}


def _fields(info: GraphQLResolveInfo[Any], sets: list[SelectionSetNode | None]) -> Iterator[FieldNode]:
    pending = [node for chosen in sets if chosen for node in chosen.selections]
    while pending:
        match pending.pop():
            case FieldNode() as field:
                yield field
            case InlineFragmentNode(selection_set=inner):
                pending.extend(inner.selections)
            case FragmentSpreadNode(name=name):
                pending.extend(info.fragments[name.value].selection_set.selections)
            case _:
                pass
