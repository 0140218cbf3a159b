"""Addresses of the kernel: the components on one page."""

from django.urls import path

from apps.core import views

app_name = "core"

urlpatterns = [
    path("components/", views.components, name="components"),
    path("components/page/", views.components_page, name="components_page"),
]
