"""Who is at work, told to the database in a form that it can check: a claim signed for one connection and some minutes.

The guards of approvals ask `house_actor()`. It believes a claim only if it carries the signature of a process that
knows the secret key; the role of the web process cannot read the key in the database, so plain SQL cannot speak in
somebody's name, nor repeat what another connection said.
"""

import hashlib
import hmac
import time

from django.conf import settings
from django.db import connection, connections

from apps.core import functions

VALID_SECONDS = 600
_BLOCK = 64


def claim(actor_id: int, *, backend: int, now: int | None = None) -> str:
    """`actor.expiry.signature` for the database's own process `backend`."""
    expiry = (int(time.time()) if now is None else now) + VALID_SECONDS
    message = f"{actor_id}.{expiry}.{backend}"
    signature = hmac.new(_key(), message.encode(), hashlib.sha256).hexdigest()
    return f"{actor_id}.{expiry}.{signature}"


def announce(actor_id: int) -> None:
    """Say for the rest of this transaction who is at work. Outside of one it would be forgotten at once."""
    if not connection.in_atomic_block:
        return
    backend = connection.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('house.actor', %s, true)", [claim(actor_id, backend=backend)])


def install_key(*, using: str) -> None:
    """Put the key where only the owner's functions read it; again after every migrate, so that a new key follows."""
    key = _key().ljust(_BLOCK, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)
    with connections[using].cursor() as cursor:
        cursor.execute(_KEY_TABLE)
        cursor.execute(
            "INSERT INTO public.house_key (inner_pad, outer_pad) VALUES (%s, %s)"
            " ON CONFLICT (is_only) DO UPDATE SET inner_pad = EXCLUDED.inner_pad, outer_pad = EXCLUDED.outer_pad",
            [inner, outer],
        )


def _key() -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), b"house.actor", hashlib.sha256).digest()


_KEY_TABLE = """
    CREATE TABLE IF NOT EXISTS public.house_key (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), inner_pad bytea NOT NULL, outer_pad bytea NOT NULL
    );
    DO $$ DECLARE other text; BEGIN
        FOR other IN SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
            FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = 'public.house_key'::regclass AND a.grantee <> c.relowner LOOP
            EXECUTE format('REVOKE ALL ON public.house_key FROM %s', other);
        END LOOP;
    END $$;
"""

functions.declare(
    "house_now",
    f"""
    CREATE OR REPLACE FUNCTION public.house_now() RETURNS timestamptz LANGUAGE sql STABLE {functions.SETTINGS}
        AS $$ SELECT statement_timestamp() $$
    """,
)
# Demo and tests write into the past; they do so as the owner of the tables, whom no guard can hold anyway.
functions.declare(
    "house_is_owner",
    f"""
    CREATE OR REPLACE FUNCTION public.house_is_owner() RETURNS boolean LANGUAGE sql STABLE {functions.SETTINGS} AS $$
        SELECT pg_has_role(current_user, p.proowner, 'MEMBER')
            FROM pg_proc p WHERE p.oid = 'public.house_now()'::regprocedure
    $$
    """,
)
# HMAC-SHA-256 (RFC 2104) with the padded keys made beforehand.
functions.declare(
    "house_actor",
    f"""
    CREATE OR REPLACE FUNCTION public.house_actor() RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER {functions.SETTINGS} AS $$
    DECLARE
        said text := current_setting('house.actor', true);
        claim text[];
    BEGIN
        IF said ~ '^[0-9]{{1,18}}[.][0-9]{{1,12}}[.][0-9a-f]{{64}}$' THEN
            claim := string_to_array(said, '.');
            IF claim[2]::bigint >= extract(epoch FROM clock_timestamp()) AND claim[3] = (
                SELECT encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(
                    claim[1] || '.' || claim[2] || '.' || pg_backend_pid(), 'UTF8'))), 'hex')
                FROM public.house_key k
            ) THEN
                RETURN claim[1]::bigint;
            END IF;
        END IF;
        RAISE EXCEPTION '没有说明是谁在办理，数据库不接受这次修改。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_actor_known';
    END $$
    """,
)
