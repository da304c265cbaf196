"""What the assignments share, and what students may read: data, runs, checkpoints, devices."""
