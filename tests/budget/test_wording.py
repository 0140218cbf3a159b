"""Numbers stand in prose only as named placeholders."""

import pytest

from apps.budget.rules import wording
from apps.core.errors import Refused


def test_a_known_placeholder_is_filled_and_an_unknown_one_stays_for_the_checks():
    assert (
        wording.fill("{年度}年共{金额}元，{别的}", {"年度": "2016", "金额": "100"}) == "2016年共100元，{别的}"
    )


@pytest.mark.parametrize("text", ["共计{合计}元", "共计{}元", "共计{金额元", "共计金额}元", "共计｛金额｝元"])
def test_an_unknown_or_broken_placeholder_is_refused_with_the_known_ones(text):
    with pytest.raises(Refused, match=r"\{万元\}") as refused:
        wording.require_known_placeholders(text, known=wording.ITEM_PLACEHOLDERS, field="purpose")
    assert refused.value.field == "purpose"


@pytest.mark.parametrize(
    "text", ["共计222800元", "参加557人", "每年慰问100多万元", "共计２０万元", "计 45 万元", "约1,500元"]
)
def test_a_typed_amount_or_count_is_refused(text):
    with pytest.raises(Refused, match="占位符"):
        wording.require_no_typed_figures(text, field="purpose")


@pytest.mark.parametrize(
    "text",
    [
        "按工资总额2%计提，40%拨付市总工会",
        "《关于2万元补助的通知》",
        "廊工发〔2007〕31号",
        "2011年6月颁布",
        "第3条",
    ],
)
def test_shares_years_and_titles_may_be_written(text):
    wording.require_no_typed_figures(text, field="purpose")
