"""The list of hospitals where model workers are examined."""

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused
from apps.model_workers.models import Hospital
from apps.model_workers.services.refusals import constraint_name
from apps.people.rules.identity import require_no_number
from apps.people.rules.names import require_letters

_LABELS = {"name": ("医院", 80), "address": ("地址", 120), "phone": ("预约电话", 20)}


@transaction.atomic
def add_hospital(*, name: str, address: str, phone: str, actor: User) -> Hospital:
    """Raises Refused, also when a hospital of this name is on the list."""
    hospital = Hospital(**_cleaned(name=name, address=address, phone=phone))
    return _write(hospital, actor=actor, action="登记体检医院")


@transaction.atomic
def change_hospital(
    *, hospital_id: int, name: str, address: str, phone: str, is_active: bool, actor: User
) -> Hospital:
    """Raises Refused. A hospital out of use keeps what it did; no one is sent there any more."""
    hospital = Hospital.objects.select_for_update().get(pk=hospital_id)
    for field, value in _cleaned(name=name, address=address, phone=phone).items():
        setattr(hospital, field, value)
    hospital.is_active = is_active
    return _write(hospital, actor=actor, action="修改体检医院")


def _cleaned(**texts: str) -> dict[str, str]:
    values = {field: typed.title(text, label=_LABELS[field][0], field=field) for field, text in texts.items()}
    if not values["name"]:
        raise Refused("“医院”没有填写。", field="name")
    for field, value in values.items():
        label, most = _LABELS[field]
        require_no_number(value, label=label, field=field)
        if len(value) > most:
            raise Refused(f"“{label}”最多 {most} 个字，现在是 {len(value)} 个字。", field=field)
    require_letters(values["name"], label="医院", field="name")
    return values


def _write(hospital: Hospital, *, actor: User, action: str) -> Hospital:
    if not actor.may("exam.manage"):
        raise Refused("您没有组织体检的权限。", code="permission")
    try:
        with transaction.atomic(), audit.because(actor_id=actor.pk, action=action):
            hospital.save()
    except IntegrityError as error:
        if "name" not in constraint_name(error):
            raise
        raise Refused(f"“{hospital.name}”已在医院名单里。", field="name", code="taken") from None
    return hospital
