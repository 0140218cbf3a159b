"""Every write about model workers."""
