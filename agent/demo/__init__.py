"""The offline demo model: a rule-based model that speaks the Chat Completions protocol, so that all runs without a key.

It is no language model and says so. What answers is real: requests are checked as a provider checks them, tools are
picked by their offered schemas, and answers are worded from their results.
"""
