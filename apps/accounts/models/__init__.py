"""The union tree, the people who sign in, their roles, sessions and kept filters, the record of what they took out."""

from apps.accounts.models.grants import RoleGrant, RoleGrantQuerySet
from apps.accounts.models.records import AccessRecord, AccessRecordQuerySet, Acknowledgement
from apps.accounts.models.resets import PasswordReset, PasswordResetQuerySet
from apps.accounts.models.saved_views import SavedView
from apps.accounts.models.sessions import Session, SessionQuerySet
from apps.accounts.models.unions import Union, UnionQuerySet
from apps.accounts.models.users import User, UserManager, UserQuerySet

__all__ = [
    "AccessRecord",
    "AccessRecordQuerySet",
    "Acknowledgement",
    "PasswordReset",
    "PasswordResetQuerySet",
    "RoleGrant",
    "RoleGrantQuerySet",
    "SavedView",
    "Session",
    "SessionQuerySet",
    "Union",
    "UnionQuerySet",
    "User",
    "UserManager",
    "UserQuerySet",
]
