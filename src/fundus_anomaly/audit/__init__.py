"""The audit: every image and mask is read once; what is wrong with them, and which images take part."""
