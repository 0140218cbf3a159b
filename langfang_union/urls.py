"""Addresses of the site: one line per application."""

from django.urls import include, path

from apps.accounts.admin_site import admin_site

handler400 = "apps.core.views.bad_request"
handler403 = "apps.core.views.permission_denied"
handler404 = "apps.core.views.page_not_found"
handler500 = "apps.core.views.server_error"

urlpatterns = [
    path("", include("apps.home.urls")),
    path("accounts/", include("apps.accounts.urls")),
    path("basis/", include("apps.basis.urls")),
    path("budget/", include("apps.budget.urls")),
    path("model-workers/", include("apps.model_workers.urls")),
    path("people/", include("apps.people.urls")),
    path("core/", include("apps.core.urls")),
    path("admin/", admin_site.urls),
]
