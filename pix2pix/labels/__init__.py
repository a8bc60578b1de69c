"""Label maps: classes and palettes, lines, facades that are made up."""
