"""A real browser beside the real processes."""

from real_browser import browser

__all__ = ["browser"]
