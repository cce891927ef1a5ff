"""Receives what clients of the Literal AI API send, keeps it, and shows it."""
