"""Given to the students of the toy course, and laid fresh by the grader."""

V = 11  # letters of the vocabulary


def encode(text: str) -> list[int]:
    """A letter's index."""
    return [ord(letter) % V for letter in text]
