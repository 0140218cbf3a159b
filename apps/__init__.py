"""The applications. Each may import only what stands below it (pyproject.toml, import-linter contracts)."""
