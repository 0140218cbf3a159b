"""Addresses of the model workers."""

from django.urls import URLPattern, path

from apps.model_workers.views import (
    bulk,
    exam_entries,
    exams,
    file_changes,
    files,
    honours,
    nominations,
    parameters,
    relief,
    reviews,
    run_papers,
    runs,
    workers,
)

app_name = "model_workers"

_REGISTER: list[URLPattern] = [
    path("", workers.worker_list, name="worker_list"),
    path("export/", workers.worker_export, name="worker_export"),
    path("print/", workers.worker_print, name="worker_print"),
    path("find/", workers.worker_find, name="worker_find"),
    path("bulk/", bulk.bulk_list, name="bulk_list"),
    path("bulk/<slug:deed>/", bulk.bulk_deed, name="bulk_deed"),
    path("bulk/<int:pk>/undo/", bulk.bulk_undo, name="bulk_undo"),
    path("doubtful/", reviews.doubt_list, name="doubt_list"),
    path("reviews/", reviews.review_list, name="review_list"),
    path("reviews/<int:year>/<uuid:public_id>/", reviews.review_enter, name="review_enter"),
    path("nominations/", nominations.nomination_list, name="nomination_list"),
    path("nominations/for/<uuid:public_id>/", nominations.nomination_create, name="nomination_create"),
    path("nominations/<uuid:public_id>/", nominations.nomination_detail, name="nomination_detail"),
    path("nominations/<uuid:public_id>/edit/", nominations.nomination_edit, name="nomination_edit"),
    path("nominations/<uuid:public_id>/print/", nominations.nomination_print, name="nomination_print"),
    path(
        "nominations/<uuid:public_id>/objections/",
        nominations.nomination_object,
        name="nomination_object",
    ),
    path(
        "nominations/<uuid:public_id>/objections/<int:pk>/",
        nominations.nomination_answer,
        name="nomination_answer",
    ),
    path(
        "nominations/<uuid:public_id>/steps/<slug:verb>/",
        nominations.nomination_decide,
        name="nomination_decide",
    ),
    path("honours/<uuid:public_id>/scan/", honours.honour_scan, name="honour_scan"),
    path("honours/<uuid:public_id>/certificate/", honours.honour_certificate, name="honour_certificate"),
    path("honours/<uuid:public_id>/void/", honours.honour_void, name="honour_void"),
    path("changes/", file_changes.change_list, name="change_list"),
    path("changes/<uuid:public_id>/", file_changes.change_detail, name="change_detail"),
    path("changes/<uuid:public_id>/edit/", file_changes.change_edit, name="change_edit"),
    path("changes/<uuid:public_id>/steps/<slug:verb>/", file_changes.change_decide, name="change_decide"),
    path("<uuid:public_id>/", workers.worker_detail, name="worker_detail"),
    path("<uuid:public_id>/honours/add/", honours.honour_create, name="honour_create"),
    path("<uuid:public_id>/file/", files.file_edit, name="file_edit"),
    path("<uuid:public_id>/treatment/", files.file_treatment, name="file_treatment"),
    path("<uuid:public_id>/changes/<slug:action>/", file_changes.change_create, name="change_create"),
]

_ALLOWANCES: list[URLPattern] = [
    path("runs/", runs.run_list, name="run_list"),
    path("runs/new/", runs.run_create, name="run_create"),
    path("runs/<int:pk>/", runs.run_detail, name="run_detail"),
    path("runs/<int:pk>/lines/", runs.run_lines, name="run_lines"),
    path("runs/<int:pk>/bridge/", runs.run_bridge, name="run_bridge"),
    path("runs/<int:pk>/left-out/", runs.run_left_out, name="run_left_out"),
    path("runs/<int:pk>/recount/", runs.run_recount, name="run_recount"),
    path("runs/<int:pk>/decide/<slug:verb>/", runs.run_decide, name="run_decide"),
    path("runs/<int:pk>/print/", run_papers.run_print, name="run_print"),
    path("runs/<int:pk>/overpaid/", run_papers.run_overpaid, name="run_overpaid"),
    path("runs/<int:pk>/overpaid/<uuid:person>/", run_papers.recovery_list, name="recovery_list"),
    path(
        "runs/<int:pk>/overpaid/<uuid:person>/<slug:outcome>/",
        run_papers.recovery_settle,
        name="recovery_settle",
    ),
    path("parameters/", parameters.parameter_list, name="parameter_list"),
    path("parameters/<slug:kind>/new/", parameters.parameter_create, name="parameter_create"),
    path("parameters/<slug:kind>/<int:pk>/", parameters.parameter_detail, name="parameter_detail"),
    path("parameters/<slug:kind>/<int:pk>/edit/", parameters.parameter_edit, name="parameter_edit"),
    path("parameters/<slug:kind>/<int:pk>/end/", parameters.parameter_end, name="parameter_end"),
]

_EXAMS: list[URLPattern] = [
    path("exams/", exams.exam_list, name="exam_list"),
    path("exams/new/", exams.exam_create, name="exam_create"),
    path("exams/<int:pk>/", exams.exam_detail, name="exam_detail"),
    path("exams/<int:pk>/edit/", exams.exam_edit, name="exam_edit"),
    path("exams/<int:pk>/hospitals/", exams.exam_hospitals, name="exam_hospitals"),
    path("exams/<int:pk>/bills/", exams.exam_bills, name="exam_bills"),
    path("exams/<int:pk>/absences/", exams.exam_absences, name="exam_absences"),
    path("exams/<int:pk>/refresh/", exams.exam_refresh, name="exam_refresh"),
    path("exams/<int:pk>/decide/<slug:verb>/", exams.exam_decide, name="exam_decide"),
    path("exams/<int:pk>/entry/", exam_entries.exam_entry, name="exam_entry"),
    path("exams/<int:pk>/slips/", exam_entries.exam_slips, name="exam_slips"),
    path("exams/<int:pk>/slips/<int:number>/", exam_entries.invitation_edit, name="invitation_edit"),
    path("exams/<int:pk>/roster/", exam_entries.exam_roster, name="exam_roster"),
    path("exams/<int:pk>/export/", exam_entries.exam_export, name="exam_export"),
    path("exams/<int:pk>/settlement/", exam_entries.exam_settlement, name="exam_settlement"),
    path("exams/<int:pk>/bills/add/<int:hospital_id>/", exam_entries.bill_create, name="bill_create"),
    path("exams/<int:pk>/bills/<int:bill_id>/remove/", exam_entries.bill_remove, name="bill_remove"),
    path("hospitals/", exam_entries.hospital_list, name="hospital_list"),
    path("hospitals/new/", exam_entries.hospital_create, name="hospital_create"),
    path("hospitals/<int:pk>/edit/", exam_entries.hospital_edit, name="hospital_edit"),
]

_RELIEF: list[URLPattern] = [
    path("relief/", relief.relief_list, name="relief_list"),
    path("relief/export/", relief.relief_export, name="relief_export"),
    path("relief/new/", relief.relief_find, name="relief_find"),
    path("relief/new/<uuid:public_id>/", relief.relief_create, name="relief_create"),
    path("relief/new/<uuid:public_id>/trial/", relief.relief_trial, name="relief_trial"),
    path("relief/<uuid:public_id>/", relief.relief_detail, name="relief_detail"),
    path("relief/<uuid:public_id>/edit/", relief.relief_edit, name="relief_edit"),
    path("relief/<uuid:public_id>/print/", relief.relief_print, name="relief_print"),
    path("relief/<uuid:public_id>/steps/<slug:verb>/", relief.relief_decide, name="relief_decide"),
]

urlpatterns: list[URLPattern] = [*_ALLOWANCES, *_REGISTER, *_EXAMS, *_RELIEF]
