"""Pretrain BERT, finetune it on one task or three, predict, compare: `python run.py --help`."""

from course.launch import launch

if __name__ == "__main__":
    launch(__file__)
