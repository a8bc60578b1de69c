"""Data sets: examples of a task as batches of tensors."""
