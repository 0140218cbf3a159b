"""Addresses of the top floor."""

from django.urls import path

from apps.home import views

app_name = "home"

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("search/", views.search, name="search"),
]
