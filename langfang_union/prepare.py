"""Brings database, demo and static files of `make run` up to date. What is already so is left alone."""

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError


def main() -> None:
    django.setup()
    try:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        call_command("demo")
        _collect_static()
    except OperationalError as error:
        sys.exit(f"数据库没有应答：{error}")
    except CommandError as error:
        sys.exit(str(error))


def _collect_static() -> None:
    """Hash and compress the static files again only if one of them or a package that brings some has changed."""
    root = Path(settings.STATIC_ROOT)
    stamp, wanted = root.with_name("static.stamp"), _static_fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and (root / "staticfiles.json").exists():
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(wanted)


def _static_fingerprint() -> str:
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.lock").read_bytes())
    digest.update(repr((sys.prefix, settings.INSTALLED_APPS)).encode())
    for folder in (settings.BASE_DIR / "static", settings.BASE_DIR / "apps"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "static" in path.parts:
                state = path.stat()
                digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "langfang_union.settings_prepare"
    main()
