"""A made-up approval: what a programme has to write to have one. Installed in the tests alone."""
