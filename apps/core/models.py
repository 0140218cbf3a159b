"""What the kernel keeps: the keys of forms that were answered."""

from django.db import models


class OnceKey(models.Model):
    """A form that had its effect, and what its sender was answered; kept for a day (`apps/core/once.py`)."""

    # The kernel stands below the accounts and knows a person by number only.
    user_id = models.BigIntegerField("用户")
    key = models.UUIDField("一次性编号")
    digest = models.CharField("内容摘要", max_length=64)
    attempt = models.UUIDField("请求")
    path = models.TextField("地址")
    at = models.DateTimeField("时间", db_index=True)
    status = models.PositiveSmallIntegerField("回答状态", default=0)
    location = models.TextField("转到", default="", blank=True)
    body = models.TextField("回答内容", default="", blank=True)
    told = models.JSONField("提示", default=list, blank=True)

    class Meta:
        verbose_name = "已办理的表单"
        verbose_name_plural = "已办理的表单"
        constraints = [
            models.UniqueConstraint(
                fields=("user_id", "key"),
                name="core_oncekey_once",
                violation_error_message="这一步刚才已经提交过，没有重复办理。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.at:%Y-%m-%d %H:%M:%S}"
