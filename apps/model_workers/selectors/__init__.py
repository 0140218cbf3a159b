"""Reads over model workers."""
