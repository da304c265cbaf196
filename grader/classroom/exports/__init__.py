"""Grades for other systems: each module fills or makes one kind of file."""
