"""Rolls: households that are visited, members who checked in."""
