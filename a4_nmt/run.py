"""Train a translation model, translate, score, look at its attention: `python run.py --help`."""

from course.launch import launch

if __name__ == "__main__":
    launch(__file__)
