"""The events in the forms of process mining, for tools nobody here wrote: OCEL 2.0, XES and, of the life, PNML.

Nothing in them names, describes or locates a person; whoever is meant has their random id.
"""
