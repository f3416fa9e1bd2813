"""From a configuration to what is run: rows, their parameters and what they need. Loads neither torch nor OpenCV."""
