"""What is right about model workers and how much it makes: pure."""
