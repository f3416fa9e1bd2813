"""Files of the workflow: written whole or not at all, checked when they are read, with what made them in them."""
