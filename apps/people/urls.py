"""Addresses of the register of people."""

from django.urls import path

from apps.people.views import duplicates, persons, photos, register, rosters, standing, units

app_name = "people"
urlpatterns = [
    path("", register.person_list, name="person_list"),
    path("find/", register.person_find, name="person_find"),
    path("export/", register.person_export, name="person_export"),
    path("new/", persons.person_create, name="person_create"),
    path("<uuid:public_id>/", persons.person_detail, name="person_detail"),
    path("<uuid:public_id>/edit/", persons.person_edit, name="person_edit"),
    path("<uuid:public_id>/reveal/<slug:field>/", persons.person_reveal, name="person_reveal"),
    path("<uuid:public_id>/print/", persons.person_print, name="person_print"),
    path("<uuid:public_id>/photo/", photos.person_photo, name="person_photo"),
    path("<uuid:public_id>/photo/change/", photos.photo_change, name="photo_change"),
    path("<uuid:public_id>/photo/remove/", photos.photo_remove, name="photo_remove"),
    path("<uuid:public_id>/standing/", standing.standing_record, name="standing_record"),
    path("<uuid:public_id>/move/", standing.person_move, name="person_move"),
    path("<uuid:public_id>/standing/<int:pk>/proof/", standing.standing_prove, name="standing_prove"),
    path("<uuid:public_id>/standing/<int:pk>/void/", standing.standing_void, name="standing_void"),
    path("units/", units.unit_list, name="unit_list"),
    path("units/new/", units.unit_create, name="unit_create"),
    path("units/options/", units.unit_options, name="unit_options"),
    path("units/<uuid:public_id>/", units.unit_edit, name="unit_edit"),
    path("duplicates/", duplicates.duplicate_list, name="duplicate_list"),
    path("duplicates/apart/", duplicates.duplicate_apart, name="duplicate_apart"),
    path("duplicates/<int:pk>/", duplicates.duplicate_detail, name="duplicate_detail"),
    path("duplicates/<int:pk>/decide/", duplicates.duplicate_decide, name="duplicate_decide"),
    path("rosters/", rosters.roster_list, name="roster_list"),
    path("rosters/new/", rosters.roster_create, name="roster_create"),
    path("rosters/template/", rosters.roster_template, name="roster_template"),
    path("rosters/<uuid:public_id>/", rosters.roster_detail, name="roster_detail"),
    path("rosters/<uuid:public_id>/progress/", rosters.roster_progress, name="roster_progress"),
    path("rosters/<uuid:public_id>/take/", rosters.roster_take, name="roster_take"),
    path("rosters/<uuid:public_id>/restart/", rosters.roster_restart, name="roster_restart"),
    path("rosters/<uuid:public_id>/discard/", rosters.roster_discard, name="roster_discard"),
    path("rosters/<uuid:public_id>/wrong-rows/", rosters.roster_wrong_rows, name="roster_wrong_rows"),
    path("merges/", duplicates.merge_list, name="merge_list"),
    path("merges/<int:pk>/undo/", duplicates.merge_undo, name="merge_undo"),
]
