"""What staff make assignments with: skeletons and notebooks, out of one solution."""
