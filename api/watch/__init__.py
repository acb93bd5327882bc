"""The watch: what follows from time alone is asked for in time, and whoever is on duty hears of it, once."""
