"""Grades submissions to the course's assignments; student code cannot forge its verdicts."""
