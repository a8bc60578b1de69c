"""Training: `recipe` says what, `trainer` does it, `samples` and `card` show what came of it."""
