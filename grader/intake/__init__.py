"""A submission as handed in -> a clean tree of the student's files, or a one-line refusal."""
