"""The one flow of what is not approved but ended: closed by two people, and reopened by two with a reason."""

from django.db import models

from apps.cases.rules.flow import Flow, Step

DRAFT, RETURNED, REOPENED = OPEN = ("draft", "returned", "reopened")
SUBMITTED = "submitted"
CLOSED, REOPENING = SHUT = ("closed", "reopening")
"""Shut: nothing moves; asking alone opens nothing."""
FORWARD = ("submit", "close")


def closing_flow(
    key: str,
    *,
    statuses: type[models.TextChoices],
    enters: str,
    closes: str,
    close: str,
    reopen: str,
    submitted: str,
    closed: str,
    reopened: str,
) -> Flow:
    """One submits, another closes or returns it; one asks with a reason to have it open again, another agrees or not.

    `statuses` are the six values above in the programme's words, `close` and `reopen` the verbs on the buttons;
    `submitted`, `closed` and `reopened` say what follows. Raises ValueError where `statuses` lack a value.
    """

    def back(verb: str, label: str, source: str, target: str, permission: str) -> Step:
        return Step(verb, label, (source,), target, permission, needs_opinion=True, takes_back=True)

    return Flow(
        key,
        (
            Step(
                "submit",
                f"提交{close}",
                OPEN,
                SUBMITTED,
                enters,
                opens_round=True,
                consequence=submitted,
            ),
            Step("withdraw", "撤回", (SUBMITTED,), DRAFT, enters, takes_back=True, same_as="submit"),
            Step("close", f"确认{close}", (SUBMITTED,), CLOSED, closes, consequence=closed),
            back("return", "退回修改", SUBMITTED, RETURNED, closes),
            back("ask_reopen", f"申请{reopen}", CLOSED, REOPENING, enters),
            Step(
                "reopen",
                f"同意{reopen}",
                (REOPENING,),
                REOPENED,
                closes,
                needs_opinion=True,
                consequence=reopened,
            ),
            back("keep", f"不予{reopen}", REOPENING, CLOSED, closes),
        ),
        statuses=statuses,
        enters=enters,
        open=OPEN,
        way=(DRAFT, SUBMITTED, CLOSED),
        tones={
            DRAFT: "blue",
            RETURNED: "red",
            REOPENED: "red",
            SUBMITTED: "amber",
            CLOSED: "green",
            REOPENING: "amber",
        },
    )
