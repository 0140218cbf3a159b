"""Every write to the register of people."""
