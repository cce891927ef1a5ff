"""What arrives on a wire, as record updates. Pure functions: nothing here reads a store or knows a web framework."""
