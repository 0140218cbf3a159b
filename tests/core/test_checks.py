"""A keyring that cannot be read, and a secret column that could not be rotated, are found before anything starts."""

from collections import Counter
from typing import Any

from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from apps.core import checks
from apps.core.encryption import EncryptedField


def faults() -> list[str]:
    return [str(fault.id) for fault in run_checks(tags=[checks.TAG])]


def test_the_project_has_no_fault():
    assert faults() == []


def test_a_keyring_that_cannot_be_read_is_a_fault_and_the_message_holds_no_key(settings):
    settings.FIELD_KEYS = ["1:not-a-key"]
    (fault,) = run_checks(tags=[checks.TAG])
    assert fault.id == "core.E001"
    assert "FIELD_KEYS" in fault.msg
    assert "not-a-key" not in str(fault)


def judge(*, times: int = 1, **options: Any) -> list[str | None]:
    """What is wrong with a secret column declared like this, whose label is used so many times."""
    with isolate_apps("apps.core"):

        class Sample(models.Model):
            public_id = models.UUIDField()
            secret = EncryptedField(**options)

            class Meta:
                app_label = "core"

            def __str__(self) -> str:
                return "示例"

        field = Sample._meta.get_field("secret")
        return [fault.id for fault in checks.judge_column(Sample, field, Counter({field.label: times}))]


def test_a_secret_column_needs_a_label_of_its_own_and_a_row():
    assert judge(label="core.sample.secret") == []
    assert judge(label="") == ["core.E003"]
    assert judge(label="core.sample.secret", times=2) == ["core.E003"]
    assert judge(label="core.sample.secret", row="nowhere") == ["core.E004"]
    assert judge(label="core.sample.secret", is_in_transit=True) == []
    assert judge(label="core.sample.secret", is_in_transit=True, times=0) == ["core.E005"]


def test_the_history_must_not_copy_a_secret_column():
    from apps.people.models import Person

    event = Person.events.rel.related_model
    field = EncryptedField(label="x")
    field.set_attributes_from_name("id_number")
    assert [fault.id for fault in checks.judge_column(event, field, Counter())] == ["core.E002"]
