"""Datasets: the examples of a task as batches of tensors."""
