"""The speed table: what our parts reach beside a bare floor and the library's default, in one run."""
