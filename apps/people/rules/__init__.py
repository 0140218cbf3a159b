"""What is right and wrong about people and their numbers: pure."""
