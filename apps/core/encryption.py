"""Secret columns: sealed with AES-256-GCM, opened on purpose only, found by a keyed hash.

A sealed value is one byte for the algorithm, one for the key's number, a nonce of 12 bytes, then ciphertext and tag.
Column and row are authenticated with it, so a value copied to another row or column does not open. Each column has a
key of its own, derived from the master key; the hashes for searching come from a master key that seals nothing.
"""

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

ALGORITHM = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 2 + _NONCE_BYTES


class BrokenSealError(Exception):
    """A sealed value does not open: changed, moved from another row or column, or its key is gone."""


@dataclass(frozen=True)
class Keyring:
    """Master keys by number; the active one seals, every one still opens. `index_key` makes the search hashes."""

    keys: dict[int, bytes]
    active: int
    index_key: bytes


def keyring() -> Keyring:
    """The keys of the settings."""
    return read_keyring(tuple(settings.FIELD_KEYS), settings.FIELD_INDEX_KEY)


@cache
def read_keyring(keys: tuple[str, ...], index_key: str) -> Keyring:
    """The keyring of `number:base64` entries, the first of which is active. Raises ImproperlyConfigured."""
    known: dict[int, bytes] = {}
    for entry in keys:
        number, _, text = entry.partition(":")
        if not number.isdecimal() or not 1 <= int(number) <= 255 or int(number) in known:
            raise ImproperlyConfigured("FIELD_KEYS: each key is number:base64, numbers 1 to 255, none twice.")
        known[int(number)] = _key(text, "FIELD_KEYS")
    if not known:
        raise ImproperlyConfigured("FIELD_KEYS is missing; see .env.example.")
    index = _key(index_key, "FIELD_INDEX_KEY")
    if index in known.values():
        raise ImproperlyConfigured("FIELD_INDEX_KEY must not be one of FIELD_KEYS.")
    return Keyring(known, next(iter(known)), index)


def new_key() -> str:
    """A fresh master key as base64, for the settings."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _key(text: str, setting: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(
            f"{setting}: a key is {_KEY_BYTES} random bytes in base64; see .env.example."
        )
    return key


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose.encode()).derive(master)


@cache
def _sealer(master: bytes, column: str) -> AESGCM:
    return AESGCM(_derive(master, f"seal:{column}"))


@cache
def _index_key(master: bytes, column: str) -> bytes:
    return _derive(master, f"index:{column}")


def seal(plain: str, *, column: str, row: str) -> bytes:
    """Ciphertext of a value of this column and row, under the active key."""
    return seal_bytes(plain.encode(), column=column, row=row)


def unseal(sealed: bytes, *, column: str, row: str) -> str:
    """The value again. Raises BrokenSealError when it was changed, moved, or its key is no longer configured."""
    return unseal_bytes(sealed, column=column, row=row).decode()


def seal_bytes(plain: bytes, *, column: str, row: str) -> bytes:
    """As `seal`, for what is no text: a part of a file."""
    ring = keyring()
    nonce = os.urandom(_NONCE_BYTES)
    body = _sealer(ring.keys[ring.active], column).encrypt(nonce, plain, f"{column}:{row}".encode())
    return bytes((ALGORITHM, ring.active)) + nonce + body


def unseal_bytes(sealed: bytes, *, column: str, row: str) -> bytes:
    """As `unseal`. Raises BrokenSealError."""
    ring = keyring()
    if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[0] != ALGORITHM or sealed[1] not in ring.keys:
        raise BrokenSealError(column)
    try:
        return _sealer(ring.keys[sealed[1]], column).decrypt(
            sealed[2:_HEAD_BYTES], sealed[_HEAD_BYTES:], f"{column}:{row}".encode()
        )
    except InvalidTag:
        raise BrokenSealError(column) from None


def search_hash(plain: str, *, column: str) -> bytes:
    """HMAC-SHA-256 by which an exact value of this column is found and kept unique; useless without the key."""
    return hmac.digest(_index_key(keyring().index_key, column), plain.encode(), "sha256")


def all_or_none(column: str, short: str = "") -> models.Q:
    """The condition that ciphertext, search hash and last four of a secret are there together or not at all."""
    hashed, shown = f"{short or column}_hash", f"{short or column}_last_four"
    present = models.Q(**{f"{column}__isnull": False, f"{hashed}__isnull": False}) & ~models.Q(**{shown: ""})
    return present | models.Q(**{f"{column}__isnull": True, f"{hashed}__isnull": True, shown: ""})


class Secret:
    """A sealed value in hand. Printed, logged or put in a template it shows its mask; `reveal()` opens it."""

    __slots__ = ("_column", "_mask", "_row", "sealed")

    def __init__(self, sealed: bytes, *, column: str, row: str, mask: Callable[[str], str]) -> None:
        self.sealed = sealed
        self._column = column
        self._row = row
        self._mask = mask

    def reveal(self) -> str:
        """The plain value. Raises BrokenSealError."""
        return unseal(self.sealed, column=self._column, row=self._row)

    @property
    def key_number(self) -> int:
        """Number of the master key it is sealed under."""
        return self.sealed[1]

    def __str__(self) -> str:
        try:
            return self._mask(self.reveal())
        except BrokenSealError:
            return "（密文无法解开）"

    def __repr__(self) -> str:
        return f"<Secret {self}>"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not stored outside its column")


class _SecretAttribute(DeferredAttribute):
    """Reads as a Secret bound to its row; text assigned to it is sealed at once."""

    field: "EncryptedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        sealed = instance.__dict__.get(self.field.attname)
        if sealed is None and self.field.attname not in instance.__dict__:
            sealed = super().__get__(instance, cls)
            if isinstance(sealed, Secret):  # the deferred load went through __set__ and came back here
                return sealed
        return None if sealed is None else self.field.secret(bytes(sealed), instance)

    def __set__(self, instance: Any, value: str | bytes | memoryview | Secret | None) -> None:
        if isinstance(value, Secret):
            value = value.reveal()
        if isinstance(value, str):
            value = seal(value, column=self.field.label, row=self.field.row_of(instance)) if value else None
        instance.__dict__[self.field.attname] = value if value is None else bytes(value)


class EncryptedField(models.BinaryField):  # type: ignore[type-arg]
    """A secret text column. `label` names the column inside the seal and never changes; `row` is the field whose value
    names the row there (unique, set before, never changed); `mask` is how the value is shown. With `is_in_transit`, the
    values are on their way into the column of that label: sealed for its row, they are copied there as they are.

    It cannot be searched: keep a `search_hash` beside it.
    """

    descriptor_class = _SecretAttribute

    def __init__(
        self,
        *args: Any,
        label: str = "",
        row: str = "public_id",
        mask: Callable[[str], str] | None = None,
        is_in_transit: bool = False,
        **kwargs: Any,
    ) -> None:
        self.label = label
        self.row = row
        self.is_in_transit = is_in_transit
        self.mask = mask or (lambda plain: "****")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"label": self.label, "row": self.row}

    def row_of(self, instance: models.Model) -> str:
        return str(getattr(instance, self.row))

    def secret(self, sealed: bytes, instance: models.Model) -> Secret:
        return Secret(sealed, column=self.label, row=self.row_of(instance), mask=self.mask)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            raise TypeError(f"{self.label}: plain text neither searched nor written past the model")
        return super().get_prep_value(value.sealed if isinstance(value, Secret) else value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(
            value if prepared else self.get_prep_value(value), connection, prepared
        )

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def value_to_string(self, obj: models.Model) -> str:
        """For dumpdata: the ciphertext."""
        secret = self.value_from_object(obj)
        return base64.b64encode(secret.sealed).decode() if secret is not None else ""
