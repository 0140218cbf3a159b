"""Setting the forms of model workers on paper."""
