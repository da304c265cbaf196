"""Attacks by the submission itself, before any of its code runs.

Each function of these modules, but for private ones and writing.py, writes a hostile submission
below a folder and returns its path; its docstring has the same form as an attack's (corpus.py).
"""
