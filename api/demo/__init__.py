"""The article's three incidents, replayed as they happened, so that a newcomer sees real case files."""
