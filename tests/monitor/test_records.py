"""Lines of the outbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.records import DamagedRecordError, Kind, Record, from_line, to_line

RECORDS = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    environment=st.none() | st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
    put_at=st.integers(min_value=0, max_value=2**53),
    content=st.binary(max_size=200).filter(lambda content: b"\n" not in content),
)


@given(RECORDS)
def test_a_line_gives_back_the_record(record: Record) -> None:
    assert from_line(to_line(record)) == record


@given(RECORDS, st.data())
def test_a_torn_line_is_told_from_a_whole_one(record: Record, data: st.DataObject) -> None:
    line = to_line(record)
    with pytest.raises(DamagedRecordError):
        from_line(line[: data.draw(st.integers(0, len(line) - 1))])


@given(RECORDS, st.data())
def test_a_changed_byte_is_noticed(record: Record, data: st.DataObject) -> None:
    line = bytearray(to_line(record))
    at = data.draw(st.integers(0, len(line) - 2))
    changed = data.draw(
        st.integers(0, 255).filter(lambda byte: byte != line[at] and chr(byte).lower() != chr(line[at]))
    )
    line[at] = changed
    with pytest.raises(DamagedRecordError):
        from_line(bytes(line))


def test_the_identity_is_the_id_of_what_is_told() -> None:
    assert Record(Kind.THREAD, None, 1, b'{"id":"t1"}').identity() == "t1"
    assert Record(Kind.THREAD, None, 1, b"{}").identity() == ""
