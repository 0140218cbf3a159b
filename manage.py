#!/usr/bin/env python
"""Command line of the project. Without SECRET_KEY it works on the local demo, never on a production database."""

import os
import sys
from pathlib import Path


def _default_settings() -> str:
    """Production settings as soon as the environment or `.env` configures them, else the loopback-only local ones."""
    configured = "SECRET_KEY" in os.environ or (Path(__file__).parent / ".env").exists()
    return "langfang_union.settings" if configured else "langfang_union.settings_local"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _default_settings())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
