"""Train a1's model of names, evaluate it, and sample from it: `python run.py --help` says how."""

from course.launch import launch

if __name__ == "__main__":
    launch(__file__)
