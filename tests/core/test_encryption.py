"""Secret columns: what is sealed opens in its own place only, and nothing prints it by accident."""

import pickle

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from apps.core import encryption
from apps.core.encryption import (
    BrokenSealError,
    Secret,
    new_key,
    read_keyring,
    seal,
    seal_bytes,
    search_hash,
    unseal,
    unseal_bytes,
)

COLUMN, ROW = "people.person.id_number", "0b0f7d7e-0000-4000-8000-000000000001"


@given(st.text(min_size=1, max_size=60))
def test_what_was_sealed_opens_again(plain):
    assert unseal(seal(plain, column=COLUMN, row=ROW), column=COLUMN, row=ROW) == plain


def test_the_same_value_is_sealed_differently_each_time():
    assert seal("1", column=COLUMN, row=ROW) != seal("1", column=COLUMN, row=ROW)


def test_any_changed_byte_breaks_the_seal():
    sealed = seal("131099195001010011", column=COLUMN, row=ROW)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(BrokenSealError):
            unseal(bytes(changed), column=COLUMN, row=ROW)


def test_a_value_does_not_open_in_another_row_or_column():
    sealed = seal("131099195001010011", column=COLUMN, row=ROW)
    with pytest.raises(BrokenSealError):
        unseal(sealed, column=COLUMN, row=ROW.replace("1", "2"))
    with pytest.raises(BrokenSealError):
        unseal(sealed, column="people.person.account", row=ROW)


def test_a_short_or_foreign_value_is_refused_like_a_broken_one():
    for junk in (b"", b"\x01", b"\x01\x01" + bytes(12), b"\x02" + seal("1", column=COLUMN, row=ROW)[1:]):
        with pytest.raises(BrokenSealError):
            unseal(junk, column=COLUMN, row=ROW)


def test_an_older_key_still_opens_and_a_removed_one_does_not(settings):
    old, new = new_key(), new_key()
    settings.FIELD_KEYS = [f"1:{old}"]
    sealed = seal("示例", column=COLUMN, row=ROW)
    settings.FIELD_KEYS = [f"2:{new}", f"1:{old}"]
    assert unseal(sealed, column=COLUMN, row=ROW) == "示例"
    assert seal("示例", column=COLUMN, row=ROW)[1] == 2
    settings.FIELD_KEYS = [f"2:{new}"]
    with pytest.raises(BrokenSealError):
        unseal(sealed, column=COLUMN, row=ROW)


def test_the_search_hash_depends_on_key_and_column(settings):
    before = search_hash("131099195001010011", column=COLUMN)
    assert before == search_hash("131099195001010011", column=COLUMN)
    assert before != search_hash("131099195001010011", column="people.person.account")
    settings.FIELD_INDEX_KEY = new_key()
    assert before != search_hash("131099195001010011", column=COLUMN)


def test_the_search_hash_is_no_plain_digest():
    import hashlib

    assert search_hash("1", column=COLUMN) != hashlib.sha256(b"1").digest()


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ((), new_key()),
        (("1:short",), new_key()),
        (("0:" + new_key(),), new_key()),
        (("256:" + new_key(),), new_key()),
        (("x:" + new_key(),), new_key()),
        ((f"1:{'A' * 43}=", f"1:{'A' * 43}="), new_key()),
        (("1:" + new_key(),), ""),
        ((f"1:{'A' * 43}=",), f"{'A' * 43}="),
    ],
    ids=[
        "none",
        "short",
        "zero",
        "too large",
        "no number",
        "twice",
        "no index key",
        "index key is a master key",
    ],
)
def test_a_wrong_keyring_stops_the_start(keys, index):
    with pytest.raises(ImproperlyConfigured):
        read_keyring(keys, index)


def test_a_secret_shows_its_mask_however_it_is_printed():
    plain = "131099195001010011"
    secret = Secret(
        seal(plain, column=COLUMN, row=ROW), column=COLUMN, row=ROW, mask=lambda value: "****0012"
    )
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{[secret]}"):
        assert "****0012" in shown
        assert plain not in shown
    assert secret.reveal() == plain
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_broken_secret_says_so_in_a_list_and_refuses_to_open():
    secret = Secret(b"\x01\x01" + bytes(40), column=COLUMN, row=ROW, mask=str)
    assert str(secret) == "（密文无法解开）"
    with pytest.raises(BrokenSealError):
        secret.reveal()


def test_new_keys_are_fit_for_the_settings():
    ring = encryption.read_keyring((f"7:{new_key()}",), new_key())
    assert ring.active == 7


def test_a_secret_column_is_neither_searched_nor_updated_past_the_model():
    from apps.people.models import Person

    with pytest.raises((FieldError, TypeError)):
        Person.objects.filter(id_number="131099195001010011").query.sql_with_params()
    with pytest.raises(TypeError):
        Person.objects.filter(pk=0).update(id_number="131099195001010011")


def test_parts_of_a_file_are_sealed_for_their_place():
    piece = bytes(range(256))
    sealed = seal_bytes(piece, column="a", row="1:0")
    assert piece not in sealed
    assert unseal_bytes(sealed, column="a", row="1:0") == piece
    with pytest.raises(BrokenSealError):
        unseal_bytes(sealed, column="a", row="1:1")
