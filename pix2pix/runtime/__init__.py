"""Device, files, memory and signals of the process."""
