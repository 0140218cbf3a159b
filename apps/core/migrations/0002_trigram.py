"""Trigrams: part of a name is found through an index."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0001_extensions")]
    operations = [TrigramExtension()]
