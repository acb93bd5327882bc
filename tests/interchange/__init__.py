"""The events in the forms of process mining, and histories held against the normative life of a case."""
