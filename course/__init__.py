"""Code that the assignments share and students may read: data, runs, checkpoints, devices."""
