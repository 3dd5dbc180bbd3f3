"""What measures mean: intervals, paired comparison, precision and warm-up."""
