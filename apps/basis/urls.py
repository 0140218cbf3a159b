"""Addresses of what everything rests on."""

from django.urls import URLPattern, path

from apps.basis.views import calendar

app_name = "basis"

urlpatterns: list[URLPattern] = [
    path("calendar/", calendar.calendar_list, name="calendar_list"),
    path("calendar/new/", calendar.calendar_create, name="calendar_create"),
    path("calendar/<int:year>/", calendar.calendar_detail, name="calendar_detail"),
    path("calendar/<int:year>/days/new/", calendar.day_create, name="day_create"),
    path("calendar/days/<int:pk>/edit/", calendar.day_edit, name="day_edit"),
    path("calendar/days/<int:pk>/remove/", calendar.day_remove, name="day_remove"),
]
