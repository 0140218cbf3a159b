"""Every write of accounts, by noun."""

from apps.accounts.services.grants import (
    confirm_grant,
    end_stand_in,
    grant_role,
    name_stand_in,
    refuse_grant,
    revoke_role,
)
from apps.accounts.services.passwords import change_password, confirm_reset, refuse_reset, reset_password
from apps.accounts.services.records import (
    Copy,
    acknowledge,
    record_access,
    record_denial,
    record_export,
    record_print,
)
from apps.accounts.services.saved_views import delete_view, save_view
from apps.accounts.services.sessions import end_other_sessions, end_session, forget_ended_sessions
from apps.accounts.services.unions import change_union, create_union, load_unions
from apps.accounts.services.users import (
    activate_user,
    change_user,
    create_user,
    deactivate_user,
    unlock_user,
)

__all__ = [
    "Copy",
    "acknowledge",
    "activate_user",
    "change_password",
    "change_union",
    "change_user",
    "confirm_grant",
    "confirm_reset",
    "create_union",
    "create_user",
    "deactivate_user",
    "delete_view",
    "end_other_sessions",
    "end_session",
    "end_stand_in",
    "forget_ended_sessions",
    "grant_role",
    "load_unions",
    "name_stand_in",
    "record_access",
    "record_denial",
    "record_export",
    "record_print",
    "refuse_grant",
    "refuse_reset",
    "reset_password",
    "revoke_role",
    "save_view",
    "unlock_user",
]
