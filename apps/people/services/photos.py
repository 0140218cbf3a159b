"""The portrait of a person: taken in, drawn anew at the size of a print, replaced, removed."""

import hashlib
import io
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.core.uploads import Uploaded, UploadedContent, require_upload
from apps.people.models import Person, Photo
from apps.people.services.persons import locked_person, require_editor

KINDS = ("jpg", "png")
MAX_BYTES = 5 * 1024 * 1024
# Two inches are 35 × 49 mm: 413 × 579 at 300 dpi. Twice that prints well and stays small.
_LARGEST = (826, 1158)
_SMALLEST_SIDE = 100


@transaction.atomic
def change_photo(*, person_id: int, upload: Uploaded, actor: User, now: datetime) -> Photo:
    """Keep a cleaned portrait in the place of the one before. Raises Refused."""
    require_editor(actor)
    person = locked_person(person_id, actor)
    data, kind = _portrait(require_upload(upload, kinds=KINDS, max_bytes=MAX_BYTES, field="photo"))
    photo, _ = Photo.objects.update_or_create(
        person=person,
        defaults={
            "content": data,
            "sha256": hashlib.sha256(data).hexdigest(),
            "kind": kind,
            "uploaded_by": actor,
            "uploaded_at": now,
        },
    )
    _note(person, "更换照片", actor, now)
    return photo


@transaction.atomic
def remove_photo(*, person_id: int, actor: User, now: datetime) -> None:
    """Take the portrait out. Raises Refused when there is none."""
    require_editor(actor)
    person = locked_person(person_id, actor)
    photo = Photo.objects.filter(person=person).defer("content").first()
    if photo is None:
        raise Refused("没有照片可以删除。")
    photo.delete()
    _note(person, "删除照片", actor, now)


def _portrait(content: UploadedContent) -> tuple[bytes, str]:
    """The picture no larger than it is ever shown, and its kind."""
    from PIL import Image

    with Image.open(io.BytesIO(content.data)) as image:
        if min(image.size) < _SMALLEST_SIDE:
            raise Refused(
                f"照片只有 {image.width}×{image.height} 像素，看不清人；每边至少 {_SMALLEST_SIDE} 像素。",
                field="photo",
            )
        if image.width <= _LARGEST[0] and image.height <= _LARGEST[1]:
            return content.data, content.kind
        image.thumbnail(_LARGEST)
        plain = Image.new("RGB", image.size, "white")
        plain.paste(image, mask=image.getchannel("A") if image.mode in ("RGBA", "LA") else None)
        output = io.BytesIO()
        plain.save(output, "JPEG", quality=90)
        return output.getvalue(), "jpg"


def _note(person: Person, what: str, actor: User, now: datetime) -> None:
    """The picture keeps no history; that of the person tells of the change."""
    person.updated_by, person.updated_at = actor, now
    with audit.because(actor_id=actor.pk, action=what):
        person.save(update_fields=("updated_by", "updated_at"))
