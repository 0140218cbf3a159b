"""The top floor: the workbench, search over everything and the demo."""
