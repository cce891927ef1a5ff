"""What the scalars look like on the wire. Inputs pass as they were sent: `review.ingest` makes sense of them."""

from datetime import UTC, datetime

from ariadne import ScalarType

date_time = ScalarType("DateTime")


@date_time.serializer
def iso_milliseconds(value: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as the vendor's exports have it (literal-api.md §2.2)."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


bindables = (date_time,)
