"""Addresses of the budget, one block per noun."""

from django.urls import include, path

from apps.budget.views import (
    adjustments,
    closings,
    compare,
    editions,
    effects,
    figures,
    findings,
    grid,
    imports,
    issues,
    items,
    outline,
    paste,
    plans,
    policies,
    printing,
    sources,
    texts,
)

app_name = "budget"

urlpatterns = [
    path("", plans.root, name="root"),
    # plans
    path("plans/", plans.plan_list, name="plan_list"),
    path("plans/new/", plans.plan_create, name="plan_create"),
    path("plans/<int:pk>/", plans.plan_detail, name="plan_detail"),
    path("plans/<int:pk>/next/", plans.plan_next, name="plan_next"),
    path("plans/<int:pk>/correct/", plans.plan_correct, name="plan_correct"),
    path("plans/<int:pk>/compare/", compare.plan_compare, name="plan_compare"),
    path("plans/<int:pk>/compare/export/", compare.compare_export, name="compare_export"),
    path("years/", include(closings.PAGES.urls)),
    # the grid
    path("editions/<int:pk>/", grid.edition_grid_page, name="edition_grid"),
    path("editions/<int:pk>/rows/", grid.grid_items, name="grid_items"),
    path("editions/<int:pk>/groups/<int:group_id>/items/", grid.grid_item_add, name="grid_item_add"),
    path("items/<int:pk>/cells/", grid.grid_item_save, name="grid_item_save"),
    path("items/<int:pk>/lines/", grid.grid_line_add, name="grid_line_add"),
    path("items/<int:pk>/move/", grid.grid_item_move, name="grid_item_move"),
    path("items/<int:pk>/take-out/", grid.grid_item_remove, name="grid_item_remove"),
    path("items/<int:pk>/explanation/", grid.grid_explanation, name="grid_explanation"),
    path("lines/<int:pk>/cells/", grid.grid_line_save, name="grid_line_save"),
    path("lines/<int:pk>/move/", grid.grid_line_move, name="grid_line_move"),
    path("lines/<int:pk>/take-out/", grid.grid_line_remove, name="grid_line_remove"),
    path("editions/<int:pk>/history/", editions.edition_history_page, name="edition_history"),
    path("<str:table>/<int:pk>/history/", grid.grid_history, name="grid_history"),
    # a block pasted into the grid
    path("editions/<int:pk>/paste/try/", paste.grid_paste_try, name="grid_paste_try"),
    path("editions/<int:pk>/paste/", paste.grid_paste, name="grid_paste"),
    path("editions/<int:pk>/blocks/<int:change_id>/undo/", paste.grid_undo, name="grid_undo"),
    # a whole edition as a spreadsheet
    path("editions/<int:pk>/export/", imports.edition_export, name="edition_export"),
    path("editions/<int:pk>/import/", imports.edition_import, name="edition_import"),
    path("imports/<int:pk>/", imports.import_preview, name="import_preview"),
    # decisions on an edition
    path("editions/<int:pk>/decide/<slug:verb>/", editions.edition_decide, name="edition_decide"),
    path("editions/<int:pk>/actions/", editions.edition_actions, name="edition_actions"),
    path("editions/<int:pk>/brief/", editions.edition_brief, name="edition_brief"),
    path("editions/<int:pk>/copy/", plans.edition_copy, name="edition_copy"),
    # adjustments
    path("editions/<int:pk>/adjustments/", adjustments.adjustment_list, name="adjustment_list"),
    path("editions/<int:pk>/adjustments/<str:kind>/", adjustments.adjustment_add, name="adjustment_add"),
    path("adjustments/<int:pk>/remove/", adjustments.adjustment_remove, name="adjustment_remove"),
    # sources of calculation lines
    path("lines/<int:pk>/source/", sources.line_source, name="line_source"),
    path("lines/<int:pk>/source/bind/", sources.source_bind, name="source_bind"),
    path("lines/<int:pk>/source/read/", sources.source_read, name="source_read"),
    path("lines/<int:pk>/source/unbind/", sources.source_unbind, name="source_unbind"),
    path("lines/<int:pk>/source/<str:answer>/", sources.source_decide, name="source_decide"),
    # items
    path("editions/<int:edition_id>/items/new/", items.item_create, name="item_create"),
    path("items/<int:pk>/", items.item_detail, name="item_detail"),
    path("items/<int:pk>/what-if/", effects.item_what_if, name="item_what_if"),
    path("items/<int:pk>/remove/", items.item_remove, name="item_remove"),
    # outline of text
    path("editions/<int:edition_id>/outline/", outline.outline, name="outline"),
    path("editions/<int:edition_id>/outline/new/", outline.outline_add, name="outline_add"),
    path("outline/<int:pk>/", outline.outline_change, name="outline_change"),
    # findings
    path("editions/<int:pk>/findings/", findings.edition_findings_page, name="edition_findings"),
    path("editions/<int:pk>/findings/keep/", findings.findings_keep, name="findings_keep"),
    path("editions/<int:pk>/findings/answer/", findings.findings_answer, name="findings_answer"),
    path("editions/<int:pk>/findings/waive/", findings.finding_waive, name="finding_waive"),
    path("checks/", findings.check_catalogue, name="check_catalogue"),
    path("checks/text/", texts.text_check, name="text_check"),
    # printing
    path("editions/<int:pk>/print/", printing.edition_print, name="edition_print"),
    path("print-jobs/<int:pk>/", printing.print_job, name="print_job"),
    path("print-jobs/<int:pk>/progress/", printing.print_job_progress, name="print_job_progress"),
    path("print-jobs/<int:pk>/restart/", printing.print_job_restart, name="print_job_restart"),
    path("print-jobs/<int:pk>/file/", printing.print_job_file, name="print_job_file"),
    # issued documents
    path("issued/", issues.issued_list, name="issued_list"),
    path("issued/<int:pk>/", issues.issued_detail, name="issued_detail"),
    path("issued/<int:pk>/file/", issues.issued_file, name="issued_file"),
    path("verify/", issues.verify, name="verify"),
    # printed figures
    path("editions/<int:pk>/figures/<str:key>/", figures.figure, name="figure"),
    # basis documents
    path("policies/", policies.policy_list, name="policy_list"),
    path("policies/new/", policies.policy_create, name="policy_create"),
    path("policies/<int:pk>/", policies.policy_detail, name="policy_detail"),
    path("policies/<int:pk>/correct/", policies.policy_correct, name="policy_correct"),
    path("policies/<int:pk>/scan/", policies.policy_scan, name="policy_scan"),
]
