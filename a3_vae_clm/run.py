"""Train, score, sample and compare the compositional language models: `python run.py --help`."""

from course.launch import launch

if __name__ == "__main__":
    launch(__file__)
