"""Contexts of printed forms: what stands on the paper, as plain frozen values. Nothing here renders or knows HTTP."""

from apps.budget.documents.explanation import Explanation, IssueFacts, explanation, plain_text

__all__ = ["Explanation", "IssueFacts", "explanation", "plain_text"]
