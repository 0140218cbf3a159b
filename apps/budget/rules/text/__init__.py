"""The text checks (文稿校验): pure functions from a text to findings. `check_text` runs them all."""
