"""One file for each thing that can happen to a message and that means more than a number."""
