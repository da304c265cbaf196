"""Train, evaluate, sample and sweep a2's models: `python run.py --help` says how."""

from course.launch import launch

if __name__ == "__main__":
    launch(__file__)
