"""What stands on the printed forms of model workers."""
