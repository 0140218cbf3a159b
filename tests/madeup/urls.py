from django.urls import include, path

from langfang_union import urls as site
from tests.madeup.pages import PAGES

handler400, handler403 = site.handler400, site.handler403
handler404, handler500 = site.handler404, site.handler500
urlpatterns = [*site.urlpatterns, path("loans/", include((PAGES.urls, "madeup")))]
