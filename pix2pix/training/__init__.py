"""Training: recipes, the loop, one step and its losses, and the folder that a run leaves."""
