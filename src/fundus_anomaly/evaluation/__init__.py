"""From score maps to figures of merit with intervals: pixels, regions and images."""
