"""The kernel: knows no business word and imports no other app."""
