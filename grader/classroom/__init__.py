"""A whole class: who handed in what and when, what it earned, and what the staff decided."""
