"""Management commands: parse, wire, call."""
