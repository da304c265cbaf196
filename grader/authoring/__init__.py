"""What staff make assignments with: skeletons and notebooks, both from one solution."""
