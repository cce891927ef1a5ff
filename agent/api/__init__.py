"""The HTTP fronts of the agent, one module each; thin: they check, call, and answer."""
