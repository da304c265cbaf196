"""What staff or a student got wrong, by name; `grader.cli` prints each as one line."""

from course.errors import USAGE, UserError, one_line, printable

__all__ = ["USAGE", "BadAssignment", "BadMarker", "Refused", "UserError", "one_line", "printable"]


class BadAssignment(UserError):
    """An assignment.toml that cannot be read, or that contradicts itself."""


class BadMarker(UserError):
    """A solution whose marked regions cannot be cut out; the message begins with file:line."""


class Refused(UserError):
    """A submission that is refused; the message names what is wrong with it."""
