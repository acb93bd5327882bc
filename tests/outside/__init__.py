"""Judges nobody here wrote: what others make of what we sealed. `make judges`."""
