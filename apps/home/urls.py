"""Addresses of the top floor."""

from django.urls import path

from apps.core.views import favicon
from apps.home import views

app_name = "home"

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("favicon.ico", favicon, name="favicon"),
    path("search/", views.search, name="search"),
]
