"""Addresses of the budget, one block per noun."""

from django.urls import path

from apps.budget.views import findings, items, outline, policies, texts

app_name = "budget"

urlpatterns = [
    # items
    path("editions/<int:edition_id>/items/new/", items.item_create, name="item_create"),
    path("items/<int:pk>/", items.item_detail, name="item_detail"),
    path("items/<int:pk>/remove/", items.item_remove, name="item_remove"),
    # outline of text
    path("editions/<int:edition_id>/outline/", outline.outline, name="outline"),
    path("editions/<int:edition_id>/outline/new/", outline.outline_add, name="outline_add"),
    path("outline/<int:pk>/", outline.outline_change, name="outline_change"),
    # findings
    path("editions/<int:pk>/findings/", findings.edition_findings_page, name="edition_findings"),
    path("editions/<int:pk>/findings/waive/", findings.finding_waive, name="finding_waive"),
    path("checks/", findings.check_catalogue, name="check_catalogue"),
    path("checks/text/", texts.text_check, name="text_check"),
    # basis documents
    path("policies/", policies.policy_list, name="policy_list"),
    path("policies/new/", policies.policy_create, name="policy_create"),
    path("policies/<int:pk>/", policies.policy_detail, name="policy_detail"),
    path("policies/<int:pk>/scan/", policies.policy_scan, name="policy_scan"),
]
