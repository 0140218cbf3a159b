"""Pages of the model workers."""
