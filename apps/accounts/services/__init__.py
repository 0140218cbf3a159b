"""Every write of accounts, by noun."""

from apps.accounts.services.passwords import change_password, reset_password
from apps.accounts.services.records import Copy, record_access, record_denial, record_export, record_print
from apps.accounts.services.saved_views import delete_view, save_view
from apps.accounts.services.sessions import end_other_sessions, end_session, forget_ended_sessions
from apps.accounts.services.unions import change_union, create_union, load_unions
from apps.accounts.services.users import (
    activate_user,
    change_user,
    create_user,
    deactivate_user,
    grant_role,
    revoke_role,
    unlock_user,
)

__all__ = [
    "Copy",
    "activate_user",
    "change_password",
    "change_union",
    "change_user",
    "create_union",
    "create_user",
    "deactivate_user",
    "delete_view",
    "end_other_sessions",
    "end_session",
    "forget_ended_sessions",
    "grant_role",
    "load_unions",
    "record_access",
    "record_denial",
    "record_export",
    "record_print",
    "reset_password",
    "revoke_role",
    "save_view",
    "unlock_user",
]
