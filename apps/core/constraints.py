"""Constraints that tables of several apps wear."""

from django.db import models
from django.db.models import F, Func, Q, Value


def hash_fits_bytes(name: str, *, content: str = "content") -> models.CheckConstraint:
    """The database itself proves that the bytes in the column `content` are those of `sha256`."""
    digest = Func(F(content), function="sha256")
    in_hex = Func(digest, Value("hex"), function="encode", output_field=models.CharField())
    return models.CheckConstraint(
        condition=Q(sha256=in_hex), name=name, violation_error_message="文件与其 SHA-256 不符。"
    )
