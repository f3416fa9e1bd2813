"""The audit: every image and mask read once, what is wrong with them, and what may stay."""
