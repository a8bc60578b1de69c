"""Pictures as arrays: opening and saving them, colour spaces, tones, new colours at full size."""
