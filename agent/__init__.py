"""The agent thinks: a bounded loop of model calls and tool calls. It knows no web, no storage, no monitoring."""
