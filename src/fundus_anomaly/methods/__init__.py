"""One folder or file a method; none imports another."""
