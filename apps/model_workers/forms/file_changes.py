"""荣誉和待遇变动: what is asked for."""

from typing import Any

from django import forms

from apps.core.forms import HouseForm, day
from apps.model_workers.forms.choices import text
from apps.model_workers.models import Honour
from apps.model_workers.rules.file_changes import OF_HONOURS, REVOKING, Change
from apps.model_workers.selectors.file_changes import honours_to_change
from apps.model_workers.services.file_changes import ChangeDraft

_HELP: dict[str, str] = {
    Change.REVOKE: "只勾选这份文件写明撤销的；各级荣誉由授予机关撤销。没有勾选的留在档案里，档案撤销后不再享受待遇。",
    Change.REVOKE_HONOUR: "只勾选授予机关的决定写明撤销的。",
    Change.RESTORE_HONOUR: "只勾选复议、纠正的文件写明恢复的。",
}


class HonoursChoice(forms.ModelMultipleChoiceField):
    """Honours with the day, the title and who awarded them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.awarded_on:%Y-%m-%d}　{obj.title}　{obj.awarding_body}"


class ChangeForm(HouseForm):
    effective_on = day(label="生效日期")
    document = forms.CharField(
        label="文件", max_length=200, help_text="处理决定、撤销或恢复的决定、判决书等的名称和文号"
    )
    reason = text(label="理由", max_length=300, help_text="不写证件号码。")

    def __init__(self, *args: Any, action: str, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if action in (*OF_HONOURS, *REVOKING):
            label = "同时撤销的荣誉" if action == Change.REVOKE else "所涉荣誉"
            self.fields["honours"] = HonoursChoice(
                label=label,
                queryset=honours_to_change(person, action),
                required=action in OF_HONOURS,
                widget=forms.CheckboxSelectMultiple,
                help_text=_HELP[action],
            )
            self.order_fields(("honours", "effective_on", "document", "reason"))

    @property
    def draft(self) -> ChangeDraft:
        data = self.cleaned_data
        honours: list[Honour] = list(data.get("honours") or ())
        return ChangeDraft(
            data["effective_on"], data["document"], data["reason"], [honour.pk for honour in honours]
        )
